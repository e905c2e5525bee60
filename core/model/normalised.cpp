#include "model/normalised.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace hfc::model {
namespace {

at::Tensor of_channels(const std::vector<double>& values) {
    return at::tensor(values, at::kFloat).view({-1, 1, 1});
}

/// "network.fc" -> "fc".
std::string name_inside(const std::string& layer) {
    constexpr std::string_view prefix = "network.";
    return layer.starts_with(prefix) ? layer.substr(prefix.size()) : layer;
}

}  // namespace

NormalisedModel::NormalisedModel(ModelPtr network, const std::vector<double>& mean,
                                 const std::vector<double>& deviation)
    : Model("Normalised"),
      network_(register_module("network", std::move(network))),
      mean_(mean),
      deviation_(deviation),
      mean_tensor_(register_buffer("mean", of_channels(mean))),
      deviation_tensor_(register_buffer("deviation", of_channels(deviation))) {
    require(dynamic_cast<const NormalisedModel*>(network_.get()) == nullptr,
            "the network already normalises its images");
    require(!mean.empty() && mean.size() == deviation.size(),
            "mean and deviation must contain the same number of values (one per channel), got {} "
            "and {}",
            mean.size(), deviation.size());
    for (size_t i = 0; i < mean.size(); ++i) {
        require(std::isfinite(mean[i]), "mean must be finite, got {}", mean[i]);
        require(std::isfinite(deviation[i]) && deviation[i] > 0,
                "deviation must be above 0, got {}", deviation[i]);
    }
    class_names = network_->class_names;
    torch::nn::Module::train(network_->is_training());
    const auto device = device_of(*network_);
    mean_tensor_.set_data(mean_tensor_.to(device));
    deviation_tensor_.set_data(deviation_tensor_.to(device));
}

at::Tensor NormalisedModel::normalise(const at::Tensor& images) const {
    const auto channels = static_cast<int64_t>(mean_.size());
    require(images.dim() == 4 && (channels == 1 || images.size(1) == channels),
            "images must be [N, {}, H, W], got [{}]", channels, fmt::join(images.sizes(), ", "));
    return (images - mean_tensor_) / deviation_tensor_;
}

at::Tensor NormalisedModel::forward(const at::Tensor& images) {
    return network_->forward(normalise(images));
}

std::vector<at::Tensor> NormalisedModel::features(const at::Tensor& images,
                                                  const std::vector<std::string>& layers) {
    auto inside = layers;
    std::ranges::transform(inside, inside.begin(), name_inside);
    return network_->features(normalise(images), inside);
}

void NormalisedModel::replace_head(int64_t classes, uint64_t seed, const std::string& layer) {
    network_->replace_head(classes, seed, name_inside(layer));
    class_names.clear();
}

ModelPtr NormalisedModel::copy() const {
    auto result = std::make_shared<NormalisedModel>(network_->copy(), mean_, deviation_);
    result->mean_tensor_.set_data(mean_tensor_.detach().clone());
    result->deviation_tensor_.set_data(deviation_tensor_.detach().clone());
    result->class_names = class_names;
    return result;
}

}  // namespace hfc::model
