#include "train/weight_average.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::train {
namespace {

constexpr const char* updates_name = "average.updates";

std::string name_of(size_t place) {
    return fmt::format("average.{}", place);
}

}  // namespace

WeightAverage::WeightAverage(model::Model& model, double decay) : model_(model), decay_(decay) {
    require(decay > 0 && decay < 1, "'average' must be above 0 and below 1, got {}", decay);
    const auto tensors = weights();
    std::ranges::transform(tensors, std::back_inserter(average_),
                           [](const at::Tensor& tensor) { return tensor.detach().clone(); });
}

std::vector<at::Tensor> WeightAverage::weights() const {
    auto tensors = model_.parameters();
    const auto buffers = model_.buffers();
    tensors.insert(tensors.end(), buffers.begin(), buffers.end());
    return tensors;
}

void WeightAverage::update() {
    const at::NoGradGuard no_grad;
    const auto tensors = weights();
    require(tensors.size() == average_.size(),
            "the model has {} weights and buffers now, but had {} when averaging started",
            tensors.size(), average_.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
        if (updates_ > 0 && tensors[i].is_floating_point()) {
            average_[i].lerp_(tensors[i], 1 - decay_);
        } else {
            average_[i].copy_(tensors[i]);
        }
    }
    ++updates_;
}

void WeightAverage::swap() {
    if (updates_ == 0) {
        return;
    }
    const at::NoGradGuard no_grad;
    const auto tensors = weights();
    for (size_t i = 0; i < tensors.size(); ++i) {
        const auto weight = tensors[i].clone();
        tensors[i].copy_(average_[i]);
        average_[i].copy_(weight);
    }
}

tensor_file::NamedTensors WeightAverage::state() const {
    tensor_file::NamedTensors state;
    for (size_t i = 0; i < average_.size(); ++i) {
        state.emplace_back(name_of(i), average_[i]);
    }
    state.emplace_back(updates_name, at::scalar_tensor(updates_, at::kLong));
    return state;
}

void WeightAverage::restore(const checkpoint::Checkpoint& checkpoint) {
    for (size_t i = 0; i < average_.size(); ++i) {
        const auto& saved = checkpoint.tensor(name_of(i));
        require(saved.sizes() == average_[i].sizes(),
                "the checkpoint's weight average belongs to a different model: tensor {} was {} "
                "and is now {}",
                i, saved.sizes(), average_[i].sizes());
    }
    const auto& updates = checkpoint.tensor(updates_name);
    require(updates.numel() == 1 && updates.scalar_type() == at::kLong,
            "the checkpoint's weight average has no valid update count");
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < average_.size(); ++i) {
        average_[i].copy_(checkpoint.tensor(name_of(i)));
    }
    updates_ = updates.item<int64_t>();
}

AveragedScope::AveragedScope(WeightAverage* average) : average_(average) {
    if (average_ != nullptr) {
        average_->swap();
    }
}

AveragedScope::~AveragedScope() {
    if (average_ != nullptr) {
        average_->swap();
    }
}

}  // namespace hfc::train
