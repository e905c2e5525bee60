// The network's results for one batch of images, computed on demand.
#pragma once

#include "attack/attacked_network.h"

#include <optional>

namespace hfc::attack {

/// Computes each result when it is first requested. A wrapper and the attack that it runs share one
/// forward pass.
class Evaluation {
  public:
    /// images: on the network's device. labels: int64 [N]. graph: whether a gradient will be
    /// requested after the logits. If so, the gradient needs no second forward pass.
    Evaluation(const AttackedNetwork& network, const at::Tensor& images, const at::Tensor& labels,
               bool graph = true)
        : network_(network), graph_(graph), images_(images), labels_(labels) {}

    const AttackedNetwork& network() const { return network_; }
    const at::Tensor& images() const { return images_; }
    const at::Tensor& labels() const { return labels_; }

    const at::Tensor& logits();  ///< [N, classes], without a graph
    at::Tensor losses() {
        return network_.losses(logits(), labels_);
    }  ///< what the attack increases
    at::Tensor fooled() { return network_.fooled(logits(), labels_); }  ///< bool [N]

    /// The gradient of each image's loss: [N, C, H, W].
    const at::Tensor& gradient();

    /// Like gradient(), but for the given losses. The logits are not computed again.
    at::Tensor gradient_of(const LossFunction& losses);

    /// The gradients of the logits of `classes`, int64 [N, K], or of all classes if `classes` is
    /// undefined: [N, K, C, H, W].
    at::Tensor class_gradients(const at::Tensor& classes = {});

    /// Sets a gradient that is already known.
    void set_gradient(const at::Tensor& gradient) { gradient_ = gradient; }

    /// Keeps only the images at `rows` (int64, ascending).
    void keep(const at::Tensor& rows);

  private:
    /// Returns the forward pass, and runs it again if its graph has been freed.
    Pass& pass();
    at::Tensor kept_rows(const at::Tensor& gradient) const;

    const AttackedNetwork& network_;
    bool graph_;
    at::Tensor images_;
    at::Tensor labels_;
    at::Tensor logits_;
    at::Tensor gradient_;
    std::optional<Pass> pass_;
    at::Tensor rows_;  ///< the remaining rows of the pass; undefined means all
};

}  // namespace hfc::attack
