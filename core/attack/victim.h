// The model as an attack sees it: logits, and the gradient with respect to the images alone.
#pragma once

#include "attack/settings.h"

#include <utility>
#include <vector>

namespace hfc::attack {

/// Parameters without requires_grad for a scope, so that autograd neither saves for nor computes
/// their gradients.
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
    /// labels: all that will be asked about.
    Victim(model::Model& model, const Settings& settings, const at::Tensor& labels);

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
    at::Tensor gradient(const at::Tensor& images, const at::Tensor& labels) const {
        return gradient(forward(images), labels);
    }

    /// Throws Error if a gradient so far held what is not a number. Not asked for at each gradient:
    /// a GPU would have to wait.
    void require_numbers() const;

    /// Which images the attack has succeeded on: bool [N].
    at::Tensor fooled(const at::Tensor& logits, const at::Tensor& labels) const;

  private:
    at::Tensor run(const at::Tensor& images) const;

    model::Model& model_;
    bool targeted_;
    bool margin_;
    int64_t max_label_;
    at::Device device_;
    model::EvaluationScope evaluation_;
    FrozenScope frozen_;
    mutable at::Tensor gradient_sum_;  ///< not a number from the first such gradient on
};

}  // namespace hfc::attack
