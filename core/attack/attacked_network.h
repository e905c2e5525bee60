// The network as an attack uses it: logits, losses, and gradients with respect to the images only.
#pragma once

#include "attack/settings.h"
#include "model/inference.h"

#include <functional>

namespace hfc::attack {

/// A forward pass that can be differentiated.
struct Pass {
    at::Tensor images;  ///< the leaf
    at::Tensor logits;
};

/// One number for each row of logits [N, classes].
using LossFunction = std::function<at::Tensor(const at::Tensor& logits)>;

/// A network that is only measured while this lives.
class AttackedNetwork {
  public:
    AttackedNetwork(model::Model& model, const Settings& settings,
                    const model::Inference::Options& inference);

    /// Prepares for the images and labels to come: see model::Inference::begin_labelled().
    template <typename... Images>
    void begin(const Images&... images) {
        inference_.begin_labelled(images...);
    }

    at::Device device() const { return inference_.device(); }
    int64_t batch_size() const { return inference_.batch_size(); }

    /// Moves images to the network's device, in the layout channels_last.
    at::Tensor bring(const at::Tensor& images) const { return inference_.bring(images); }

    /// Logits without and with a graph behind them.
    at::Tensor logits(const at::Tensor& images) const;
    Pass forward(const at::Tensor& images) const;

    /// What the attack increases, one number per image.
    at::Tensor losses(const at::Tensor& logits, const at::Tensor& labels) const;

    /// Which images the attack has succeeded on: bool [N].
    at::Tensor fooled(const at::Tensor& logits, const at::Tensor& labels) const;

    /// The gradient of the sum of losses with respect to the images of the pass, whose graph is
    /// freed.
    at::Tensor gradient(const Pass& pass, const at::Tensor& labels) const;
    /// The gradient of losses other than losses().
    at::Tensor gradient(const Pass& pass, const LossFunction& losses) const;

    /// The gradients of single logits, [N, K, C, H, W], for classes int64 [N, K]: row (i, k) is the
    /// gradient of logit classes[i, k] of image i. This takes K backward passes through the whole
    /// batch; the graph is then freed.
    at::Tensor class_gradients(const Pass& pass, const at::Tensor& classes) const;

    /// Throws Error if a logit or gradient so far was not a number. Not checked at each gradient,
    /// because a GPU would have to wait.
    void require_numbers() const;

  private:
    at::Tensor checked(at::Tensor logits) const;
    at::Tensor differentiate(const at::Tensor& total, const Pass& pass, bool keep_graph) const;

    bool targeted_;
    Loss loss_;
    int64_t targets_;
    model::Inference inference_;
    mutable at::Tensor gradient_sum_;  ///< NaN once a gradient has been NaN
};

}  // namespace hfc::attack
