// The images that an attack may return: within epsilon, the pixel range and the band.
#pragma once

#include "attack/settings.h"

namespace hfc::attack {

/// Filters a perturbation [N, C, H, W] so that only the frequencies of the band are left.
at::Tensor confine(const Band& band, const at::Tensor& perturbation);

/// The size of each image's perturbation, measured in `norm`: float64 [N].
at::Tensor sizes_of(const at::Tensor& perturbed, const at::Tensor& images, Norm norm);

/// Returns the perturbed images, adjusted so that no perturbation exceeds epsilon in exact
/// arithmetic. Otherwise, rounding to float32 can make a perturbation slightly larger than a small
/// epsilon (by less than one unit in the last place of each pixel).
at::Tensor round_inside(const at::Tensor& perturbed, const at::Tensor& images, double epsilon,
                        Norm norm);

/// The L2 norm of each image: [N, 1, 1, 1].
at::Tensor l2_norm(const at::Tensor& images);
/// Added to norms before a division, so that no quotient is infinite.
inline constexpr double least_size = 1e-12;

/// Reshapes one number per image, [N], to [N, 1, 1, 1] for broadcasting over images.
at::Tensor beside_images(const at::Tensor& values);

class Constraint {
  public:
    /// images: float32 [N, C, H, W]; epsilons: float64 [N].
    Constraint(const Settings& settings, const at::Tensor& images, const at::Tensor& epsilons);

    /// The unperturbed images.
    const at::Tensor& images() const { return images_; }
    const at::Tensor& epsilons() const { return epsilons_; }  ///< float64 [N], on their device
    at::Tensor float_epsilons() const;                        ///< float32 [N, 1, 1, 1]

    /// Returns the nearest images that satisfy the constraint. If there is a band, filters and
    /// scales the perturbation instead.
    at::Tensor project(const at::Tensor& perturbed) const;

    /// A gradient without the frequencies outside the band.
    at::Tensor confine_gradient(const at::Tensor& gradient) const;

    void keep(const at::Tensor& rows);

  private:
    void set_bounds();

    const Settings& settings_;
    at::Tensor images_;
    at::Tensor epsilons_;
    at::Tensor lower_;  ///< the smallest value of each pixel; a single number for L2
    at::Tensor upper_;
};

}  // namespace hfc::attack
