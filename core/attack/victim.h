// The model as an attack sees it: logits, and the gradient with respect to the images alone.
#pragma once

#include "attack/settings.h"
#include "model/inference.h"

namespace hfc::attack {

/// A forward pass that a gradient can be asked of.
struct Pass {
    at::Tensor images;  ///< the leaf
    at::Tensor logits;
};

/// A model that is only measured while this lives.
class Victim {
  public:
    Victim(model::Model& model, const Settings& settings,
           const model::Inference::Options& inference);

    /// Gets ready for all that will be asked about: see model::Inference::begin_labelled().
    template <typename... Images>
    void begin(const Images&... images) {
        inference_.begin_labelled(images...);
    }

    at::Device device() const { return inference_.device(); }
    int64_t batch_size() const { return inference_.batch_size(); }

    /// To the model's device, channels_last.
    at::Tensor bring(const at::Tensor& images) const { return inference_.bring(images); }

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

    /// Throws Error if logits or a gradient so far held what is not a number. Not asked for at each
    /// gradient: a GPU would have to wait.
    void require_numbers() const;

    /// Which images the attack has succeeded on: bool [N].
    at::Tensor fooled(const at::Tensor& logits, const at::Tensor& labels) const;

  private:
    at::Tensor checked(at::Tensor logits) const;

    bool targeted_;
    bool margin_;
    model::Inference inference_;
    mutable at::Tensor gradient_sum_;  ///< not a number from the first such gradient on
};

}  // namespace hfc::attack
