#include "attack/victim.h"

#include "base/error.h"
#include "model/metrics.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace hfc::attack {

Victim::Victim(model::Model& model, const Settings& settings,
               const model::Inference::Options& inference)
    : targeted_(settings.targeted), margin_(settings.margin), inference_(model, inference) {}

at::Tensor Victim::checked(at::Tensor logits) const {
    require(!margin_ || logits.size(1) >= 2,
            "the loss \"margin\" needs two classes at least, the model has {}", logits.size(1));
    return logits;
}

at::Tensor Victim::logits(const at::Tensor& images) const {
    const at::NoGradGuard no_grad;
    return checked(inference_.logits(images));
}

Pass Victim::forward(const at::Tensor& images) const {
    Pass pass;
    pass.images = images.detach().requires_grad_(true);
    pass.logits = checked(inference_.differentiable_logits(pass.images));
    return pass;
}

at::Tensor Victim::loss(const at::Tensor& logits, const at::Tensor& labels) const {
    at::Tensor loss;
    if (margin_) {
        const auto at_label = labels.unsqueeze(1);
        const auto others = logits.scatter(1, at_label, -std::numeric_limits<double>::infinity());
        loss = others.amax(1) - logits.gather(1, at_label).squeeze(1);
    } else {
        loss = model::cross_entropies(logits, labels);
    }
    return targeted_ ? loss.neg() : loss;
}

at::Tensor Victim::gradient(const Pass& pass, const at::Tensor& labels) const {
    const at::AutoGradMode with_grad(true);
    const auto total = loss(pass.logits, labels).sum();
    const auto gradient = torch::autograd::grad({total}, {pass.images}).front();
    gradient_sum_ = gradient_sum_.defined() ? gradient_sum_ + gradient.sum() : gradient.sum();
    return gradient;
}

void Victim::require_numbers() const {
    inference_.require_finite();
    require(
        !gradient_sum_.defined() || std::isfinite(gradient_sum_.item<float>()),
        "the model's gradient with respect to the images is not a number; are its weights finite?");
}

at::Tensor Victim::fooled(const at::Tensor& logits, const at::Tensor& labels) const {
    const auto at_label = logits.argmax(1).eq(labels);
    return targeted_ ? at_label : at_label.logical_not();
}

}  // namespace hfc::attack
