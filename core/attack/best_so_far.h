// Keeps the best of several perturbed versions of each image.
#pragma once

#include "attack/constraint.h"
#include "attack/evaluation.h"

namespace hfc::attack {

/// The first candidate that fools the network, or the one with the largest loss if none does.
class BestSoFar {
  public:
    BestSoFar(const AttackedNetwork& network, const at::Tensor& labels)
        : network_(network), labels_(labels) {}

    /// Runs the network only if there is an earlier candidate to compare with.
    void offer(const at::Tensor& images);
    /// Offers candidates that have already been evaluated.
    void offer(Evaluation& candidates);

    const at::Tensor& images() const { return images_; }

  private:
    void take(const at::Tensor& images, const at::Tensor& fooled, const at::Tensor& losses);

    const AttackedNetwork& network_;
    at::Tensor labels_;
    at::Tensor images_;
    at::Tensor fooled_;  ///< undefined until there is a second candidate
    at::Tensor losses_;
};

}  // namespace hfc::attack
