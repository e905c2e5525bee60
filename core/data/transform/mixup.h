// Mix-up: mixtures of two images and of their labels (Zhang et al. 2018).
#pragma once

#include "data/transform.h"

namespace hfc::data {

/// Each image becomes lambda times itself plus (1 - lambda) times a partner from its batch, and its
/// label becomes the probabilities of the same mixture: labels int64 [n] become float32 [n,
/// classes]. As in the authors' code, one lambda, drawn from Beta(alpha, alpha), and one
/// permutation are used for a whole batch. lambda depends on the seed, the epoch and the index of
/// the batch's first image. The partner of an image depends on the seed, the epoch and the indices
/// of the batch's images, but not on their order.
class MixUp : public Transform {
  public:
    /// classes: the number of columns of the labels. Throws Error unless alpha is a number above 0.
    MixUp(double alpha, int64_t classes);
    void apply(TransformBatch& batch) const override;
    std::string describe() const override;

  private:
    double alpha_;
    int64_t classes_;
};

}  // namespace hfc::data
