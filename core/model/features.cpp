#include "model/features.h"

#include "base/error.h"
#include "model/layer.h"

#include <ATen/ATen.h>

#include <deque>
#include <memory>

namespace hfc::model {
namespace {

/// A hook on a layer for the duration of a scope.
class HookScope {
  public:
    HookScope(std::shared_ptr<Layer> layer, LayerHook hook)
        : layer_(std::move(layer)), hook_(std::make_shared<const LayerHook>(std::move(hook))) {
        layer_->add_hook(hook_);
    }
    ~HookScope() { layer_->remove_hook(hook_); }
    HookScope(const HookScope&) = delete;
    HookScope& operator=(const HookScope&) = delete;

  private:
    std::shared_ptr<Layer> layer_;
    std::shared_ptr<const LayerHook> hook_;
};

}  // namespace

std::vector<at::Tensor> Model::features(const at::Tensor& images,
                                        const std::vector<std::string>& layers) {
    const auto own = named_modules("", /*include_self=*/false);
    std::vector<at::Tensor> results(layers.size());
    std::deque<HookScope> scopes;
    for (size_t i = 0; i < layers.size(); ++i) {
        const auto* const found = own.find(layers[i]);
        require(found != nullptr, "the network has no layer '{}'", layers[i]);
        auto layer = std::dynamic_pointer_cast<Layer>(*found);
        require(layer != nullptr, "layer '{}' does not produce an output; choose a layer inside it",
                layers[i]);
        scopes.emplace_back(std::move(layer), [&result = results[i]](const at::Tensor& output) {
            result = output;
            return at::Tensor();
        });
    }
    forward(images);
    for (size_t i = 0; i < layers.size(); ++i) {
        require(results[i].defined(), "layer '{}' is never called in this network", layers[i]);
    }
    return results;
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
                    "layer '{}' returns a tensor of shape [{}] for {} images, expected [{}, ...]",
                    layers[i], fmt::join(results[i].sizes(), ", "), end - begin, end - begin);
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
