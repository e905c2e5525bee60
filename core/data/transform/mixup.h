// Mix-up: images and labels that are mixtures of two (Zhang et al. 2018).
#pragma once

#include "data/transform.h"

namespace hfc::data {

/// Each image becomes lambda times itself plus 1 - lambda times a partner from its batch, its label
/// the probabilities of the same mixture: labels int64 [n] become float32 [n, classes]. As in the
/// authors' code one lambda, drawn of Beta(alpha, alpha), and one permutation serve a batch. lambda
/// depends on seed, epoch and the index of the batch's first image, the partner of an image on
/// seed, epoch and the indices of the batch's images, whatever their order.
class MixUp : public Transform {
  public:
    /// classes: columns of the labels. Throws Error unless alpha is a number above 0.
    MixUp(double alpha, int64_t classes);
    void apply(TransformBatch& batch) const override;
    std::string describe() const override;

  private:
    double alpha_;
    int64_t classes_;
};

}  // namespace hfc::data
