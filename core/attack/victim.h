// The model as an attack sees it: logits, and the gradient with respect to the images alone.
#pragma once

#include "attack/settings.h"

#include <utility>
#include <vector>

namespace hfc::attack {

/// Parameters without requires_grad for a scope, so that autograd neither saves for nor computes their gradients.
class FrozenScope {
  public:
    explicit FrozenScope(const model::Model& model);
    ~FrozenScope();
    FrozenScope(const FrozenScope&) = delete;
    FrozenScope& operator=(const FrozenScope&) = delete;

  private:
    std::vector<at::Tensor> parameters_;  ///< those that had requires_grad
};

/// A forward pass that a gradient can be asked of.
struct Pass {
    at::Tensor images;  ///< the leaf
    at::Tensor logits;
};

/// A model in evaluation mode and frozen while this lives.
class Victim {
  public:
    Victim(model::Model& model, const Settings& settings);

    at::Device device() const { return device_; }

    /// To the model's device, channels_last.
    at::Tensor bring(const at::Tensor& images) const;

    /// Logits without and with a graph behind them.
    at::Tensor logits(const at::Tensor& images) const;
    Pass forward(const at::Tensor& images) const;

    /// What the attack makes larger, one number an image.
    at::Tensor loss(const at::Tensor& logits, const at::Tensor& labels) const;

    /// The gradient of the sum of losses.
    at::Tensor gradient(const Pass& pass, const at::Tensor& labels) const;
    at::Tensor gradient(const at::Tensor& images, const at::Tensor& labels) const { return gradient(forward(images), labels); }

    /// Which images the attack has succeeded on: bool [N].
    at::Tensor fooled(const at::Tensor& logits, const at::Tensor& labels) const;

    /// Throws Error unless each label has a logit. `images` may be any the model takes.
    void require_labels(const at::Tensor& labels, const at::Tensor& logits) const;

  private:
    at::Tensor run(const at::Tensor& images) const;

    model::Model& model_;
    bool targeted_;
    bool margin_;
    at::Device device_;
    model::EvaluationScope evaluation_;
    FrozenScope frozen_;
};

}  // namespace hfc::attack
