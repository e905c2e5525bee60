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

/// The network under attack, which a model::Inference keeps in evaluation mode.
class AttackedNetwork {
  public:
    AttackedNetwork(model::Model& model, const Settings& settings,
                    const model::Inference::Options& inference);

    /// Prepares for the images and labels that will follow: see model::Inference::begin_labelled().
    template <typename... Images>
    void begin(const Images&... images) {
        inference_.begin_labelled(images...);
    }

    at::Device device() const { return inference_.device(); }
    int64_t batch_size() const { return inference_.batch_size(); }

    /// Moves images to the network's device, in channels_last layout.
    at::Tensor bring(const at::Tensor& images) const { return inference_.bring(images); }

    /// The logits, without an autograd graph (logits()) or with one (forward()).
    at::Tensor logits(const at::Tensor& images) const;
    Pass forward(const at::Tensor& images) const;

    /// The losses that the attack increases, one per image.
    at::Tensor losses(const at::Tensor& logits, const at::Tensor& labels) const;

    /// Which images the attack has succeeded on: bool [N].
    at::Tensor fooled(const at::Tensor& logits, const at::Tensor& labels) const;

    /// The gradient of the sum of losses() with respect to the images of the pass. Frees the graph
    /// of the pass.
    at::Tensor gradient(const Pass& pass, const at::Tensor& labels) const;
    /// The same, but for the given losses.
    at::Tensor gradient(const Pass& pass, const LossFunction& losses) const;

    /// The gradients of single logits, [N, K, C, H, W], for classes int64 [N, K]: row (i, k) is the
    /// gradient of logit classes[i, k] of image i. Makes K backward passes through the whole batch,
    /// and then frees the graph.
    at::Tensor class_gradients(const Pass& pass, const at::Tensor& classes) const;

    /// Throws Error if any logit or gradient so far was NaN or infinite. The other functions do not
    /// check this, because each check would make a GPU wait.
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
