#include "attack/victim.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

namespace hfc::attack {

FrozenScope::FrozenScope(const model::Model& model) {
    for (auto& parameter : model.parameters()) {
        if (parameter.requires_grad()) {
            parameters_.push_back(parameter);
            parameter.requires_grad_(false);
        }
    }
}

FrozenScope::~FrozenScope() {
    for (auto& parameter : parameters_) {
        parameter.requires_grad_(true);
    }
}

Victim::Victim(model::Model& model, const Settings& settings, const at::Tensor& labels)
    : model_(model),
      targeted_(settings.targeted),
      margin_(settings.margin),
      max_label_(labels.numel() > 0 ? labels.max().item<int64_t>() : 0),
      device_(model::device_of(model)),
      evaluation_(model),
      frozen_(model) {}

at::Tensor Victim::bring(const at::Tensor& images) const {
    return images.detach().to(device_).contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor Victim::run(const at::Tensor& images) const {
    at::Tensor logits;
    try {
        logits = model_.forward(images);
    } catch (const c10::Error& error) {
        fail("hfc.attack: the model failed on a batch of shape [{}]: {}",
             fmt::join(images.sizes(), ", "), short_message(error));
    }
    require(
        logits.defined() && logits.dim() == 2 && logits.size(0) == images.size(0),
        "hfc.attack: the model must turn {} images into logits of shape [{}, classes]; it gave {}",
        images.size(0), images.size(0),
        logits.defined() ? fmt::format("[{}]", fmt::join(logits.sizes(), ", ")) : "nothing");
    require(max_label_ < logits.size(1),
            "hfc.attack: labels must be 0 to {}, the model's classes; got {}", logits.size(1) - 1,
            max_label_);
    require(!margin_ || logits.size(1) >= 2,
            "hfc.attack: the loss \"margin\" needs two classes at least, the model has {}",
            logits.size(1));
    return logits;
}

at::Tensor Victim::logits(const at::Tensor& images) const {
    const at::NoGradGuard no_grad;
    return run(images);
}

Pass Victim::forward(const at::Tensor& images) const {
    const at::AutoGradMode with_grad(true);
    Pass pass;
    pass.images = images.detach().requires_grad_(true);
    pass.logits = run(pass.images);
    require(
        pass.logits.requires_grad(),
        "hfc.attack: the model's logits do not depend on its images in a way that has a gradient");
    return pass;
}

at::Tensor Victim::loss(const at::Tensor& logits, const at::Tensor& labels) const {
    at::Tensor loss;
    if (margin_) {
        const auto at_label = labels.unsqueeze(1);
        const auto others = logits.scatter(1, at_label, -std::numeric_limits<double>::infinity());
        loss = others.amax(1) - logits.gather(1, at_label).squeeze(1);
    } else {
        loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::None);
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
    require(!gradient_sum_.defined() || std::isfinite(gradient_sum_.item<float>()),
            "hfc.attack: the model's gradient with respect to the images is not a number; are its "
            "weights finite?");
}

at::Tensor Victim::fooled(const at::Tensor& logits, const at::Tensor& labels) const {
    const auto at_label = logits.argmax(1).eq(labels);
    return targeted_ ? at_label : at_label.logical_not();
}

}  // namespace hfc::attack
