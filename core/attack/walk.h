// A batch of images on its way: steps along gradients that never leave epsilon, [0,1] and the band.
#pragma once

#include "attack/settings.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::attack {

/// Filters a perturbation [N, C, H, W] so that only the band's frequencies are left.
at::Tensor confine(const Band& band, const at::Tensor& perturbation);

/// A random perturbation of epsilon 1 for each image, as torchattacks draws it: uniform in [-1,1],
/// or (L2) of a random direction and a length uniform in [0,1]. It depends on the seed, the method,
/// the restart and the image's index in its source alone: samples, int64 [N]. Not the same numbers
/// as torchattacks'.
at::Tensor random_perturbation(const at::Tensor& images, const at::Tensor& samples,
                               const Settings& settings, int64_t restart);

class Walk {
  public:
    /// images: float32 [N, C, H, W]; epsilons, alphas: float64 [N]; start: a perturbation of
    /// epsilon 1, or undefined for none.
    Walk(const Settings& settings, const at::Tensor& images, const at::Tensor& epsilons,
         const at::Tensor& alphas, const at::Tensor& start);

    /// The images where the walk is. A new tensor after each step.
    const at::Tensor& place() const { return place_; }

    /// One step along the loss's gradient at place().
    void step(const at::Tensor& gradient);

    /// Goes on with the images at `positions` (int64) alone.
    void keep(const at::Tensor& positions);

  private:
    void set_bounds();
    at::Tensor direction(const at::Tensor& gradient);
    at::Tensor project(const at::Tensor& place) const;

    const Settings& settings_;
    at::Tensor images_;
    at::Tensor epsilons_;  ///< float64 [N]
    at::Tensor alphas_;    ///< float32 [N, 1, 1, 1]
    at::Tensor lower_;     ///< float32 like images: the least a pixel may be
    at::Tensor upper_;
    at::Tensor place_;
    at::Tensor momentum_;
};

/// The size of each image's perturbation, place - images, in the attack's norm: float64 [N].
at::Tensor sizes_of(const at::Tensor& place, const at::Tensor& images, Norm norm);

}  // namespace hfc::attack
