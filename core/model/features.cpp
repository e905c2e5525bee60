#include "model/features.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::model {
namespace {

thread_local FeatureScope* current = nullptr;

}  // namespace

FeatureScope::FeatureScope(std::vector<const torch::nn::Module*> layers)
    : layers_(std::move(layers)), results_(layers_.size()), outer_(current) {
    current = this;
}

FeatureScope::~FeatureScope() {
    current = outer_;
}

bool FeatureScope::is_active() {
    return current != nullptr;
}

void FeatureScope::record(const torch::nn::Module& layer, const at::Tensor& result) {
    if (current == nullptr) {
        return;
    }
    for (size_t i = 0; i < current->layers_.size(); ++i) {
        if (current->layers_[i] == &layer) {
            // What follows may write on it.
            current->results_[i] = result.clone();
        }
    }
}

std::vector<at::Tensor> Model::features(const at::Tensor& images,
                                        const std::vector<std::string>& layers) {
    const auto own = named_modules("", /*include_self=*/false);
    std::vector<const torch::nn::Module*> wanted;
    for (const auto& layer : layers) {
        const auto* const found = own.find(layer);
        require(found != nullptr, "the network has no layer '{}'", layer);
        wanted.push_back(found->get());
    }
    const FeatureScope scope(wanted);
    forward(images);
    for (size_t i = 0; i < layers.size(); ++i) {
        require(scope.results()[i].defined(),
                "layer '{}' does not run by itself: choose the layer around it", layers[i]);
    }
    return scope.results();
}

std::vector<at::Tensor> features(Model& model, const data::Dataset& dataset,
                                 const std::vector<std::string>& layers,
                                 const Inference::Options& options) {
    const at::NoGradGuard no_grad;
    Inference inference(model, options);
    inference.begin(dataset);
    std::vector<std::vector<at::Tensor>> parts(layers.size());
    inference.each_batch(dataset, [&](int64_t begin, int64_t end, const at::Tensor& images) {
        std::vector<at::Tensor> results;
        try {
            const AutocastScope autocast(inference.device().type(), options.bfloat16);
            results = model.features(images, layers);
        } catch (const c10::Error& error) {
            fail("the model failed on a batch of shape [{}]: {}", fmt::join(images.sizes(), ", "),
                 short_message(error));
        }
        for (size_t i = 0; i < results.size(); ++i) {
            require(results[i].dim() > 0 && results[i].size(0) == end - begin,
                    "layer '{}' gives [{}] for {} images, expected [{}, ...]", layers[i],
                    fmt::join(results[i].sizes(), ", "), end - begin, end - begin);
            parts[i].push_back(results[i].to(at::kFloat).cpu().contiguous());
        }
    });
    std::vector<at::Tensor> whole;
    for (const auto& pieces : parts) {
        whole.push_back(at::cat(pieces));
    }
    return whole;
}

}  // namespace hfc::model
