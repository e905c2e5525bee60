#include "attack/attacked_network.h"

#include "attack/losses.h"
#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace hfc::attack {

AttackedNetwork::AttackedNetwork(model::Model& model, const Settings& settings,
                                 const model::Inference::Options& inference)
    : targeted_(settings.targeted),
      loss_(settings.loss),
      targets_(settings.targets),
      inference_(model, inference) {}

at::Tensor AttackedNetwork::checked(at::Tensor logits) const {
    const auto classes = logits.size(1);
    const auto needed = classes_needed(loss_, targets_ > 0);
    require(classes >= needed,
            "the loss \"{}\"{} requires at least {} classes, but the model has {}", name_of(loss_),
            targets_ > 0 ? " with targets" : "", needed, classes);
    require(targets_ < classes,
            "targets must be at most {} (the model's number of classes minus one), got {}",
            classes - 1, targets_);
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
    const auto losses = untargeted_losses(loss_, logits, labels);
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
    return gradient(pass, [&](const at::Tensor& logits) { return losses(logits, labels); });
}

at::Tensor AttackedNetwork::gradient(const Pass& pass, const LossFunction& losses) const {
    const at::AutoGradMode with_grad(true);
    return differentiate(losses(pass.logits).sum(), pass, /*keep_graph=*/false);
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
    require(!gradient_sum_.defined() || std::isfinite(gradient_sum_.item<float>()),
            "the model's gradient with respect to the images is NaN or infinite; are the model's "
            "weights finite?");
}

at::Tensor AttackedNetwork::fooled(const at::Tensor& logits, const at::Tensor& labels) const {
    const auto at_label = logits.argmax(1).eq(labels);
    return targeted_ ? at_label : at_label.logical_not();
}

}  // namespace hfc::attack
