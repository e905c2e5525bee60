#include "attack/attacked_network.h"

#include "base/error.h"
#include "model/metrics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace hfc::attack {

AttackedNetwork::AttackedNetwork(model::Model& model, const Settings& settings,
                                 const model::Inference::Options& inference)
    : targeted_(settings.targeted), loss_(settings.loss), inference_(model, inference) {}

at::Tensor AttackedNetwork::checked(at::Tensor logits) const {
    require(loss_ != Loss::margin || logits.size(1) >= 2,
            "the loss \"margin\" needs two classes at least, the model has {}", logits.size(1));
    return logits;
}

at::Tensor AttackedNetwork::logits(const at::Tensor& images) const {
    const at::NoGradGuard no_grad;
    return checked(inference_.logits(images));
}

Pass AttackedNetwork::forward(const at::Tensor& images) const {
    Pass pass;
    pass.images = images.detach().requires_grad_(true);
    pass.logits = checked(inference_.differentiable_logits(pass.images));
    return pass;
}

at::Tensor AttackedNetwork::losses(const at::Tensor& logits, const at::Tensor& labels) const {
    at::Tensor losses;
    if (loss_ == Loss::margin) {
        const auto at_label = labels.unsqueeze(1);
        const auto others = logits.scatter(1, at_label, -std::numeric_limits<double>::infinity());
        losses = others.amax(1) - logits.gather(1, at_label).squeeze(1);
    } else {
        losses = model::cross_entropies(logits, labels);
    }
    return targeted_ ? losses.neg() : losses;
}

at::Tensor AttackedNetwork::differentiate(const at::Tensor& total, const Pass& pass,
                                          bool keep_graph) const {
    const auto gradient =
        torch::autograd::grad({total}, {pass.images}, {}, /*retain_graph=*/keep_graph).front();
    gradient_sum_ = gradient_sum_.defined() ? gradient_sum_ + gradient.sum() : gradient.sum();
    return gradient;
}

at::Tensor AttackedNetwork::gradient(const Pass& pass, const at::Tensor& labels) const {
    const at::AutoGradMode with_grad(true);
    return differentiate(losses(pass.logits, labels).sum(), pass, /*keep_graph=*/false);
}

at::Tensor AttackedNetwork::class_gradients(const Pass& pass, const at::Tensor& classes) const {
    const at::AutoGradMode with_grad(true);
    std::vector<at::Tensor> gradients;
    const auto count = classes.size(1);
    for (int64_t k = 0; k < count; ++k) {
        const auto chosen = pass.logits.gather(1, classes.narrow(1, k, 1));
        gradients.push_back(differentiate(chosen.sum(), pass, /*keep_graph=*/k + 1 < count));
    }
    return at::stack(gradients, 1);
}

void AttackedNetwork::require_numbers() const {
    inference_.require_finite();
    require(
        !gradient_sum_.defined() || std::isfinite(gradient_sum_.item<float>()),
        "the model's gradient with respect to the images is not a number; are its weights finite?");
}

at::Tensor AttackedNetwork::fooled(const at::Tensor& logits, const at::Tensor& labels) const {
    const auto at_label = logits.argmax(1).eq(labels);
    return targeted_ ? at_label : at_label.logical_not();
}

}  // namespace hfc::attack
