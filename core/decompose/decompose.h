// Dominant and trailing singular values of images: the other way to take an image apart in section
// 8 of Wang et al., CVPR 2020.
#pragma once

#include "frequency/split.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::decompose {

/// The answer of frequency::split: one tensor a rank, low: the dominant part, high: x - low.
using Parts = frequency::Parts;

/// Truncated singular value decomposition of each channel: low(rank) keeps the `rank` largest
/// singular values. x: finite float32 [..., H, W] with any leading dimensions, layout and device;
/// the parts are contiguous. ranks: 0 to min(H, W). By eigenvectors of the Gram matrix of the
/// shorter side, in double precision, as many as the ranks need; threads over channels. Within 1e-4
/// of a decomposition in double precision unless the first singular value left out nearly equals
/// the last one kept, when the decomposition itself is not defined. Not differentiable. Throws
/// Error for another dtype, a rank out of range and values that are not finite.
Parts split(const at::Tensor& x, const std::vector<int64_t>& ranks);

/// The same with, for each channel, the smallest rank that keeps at least a share of its energy
/// (its sum of squares). shares: in [0,1].
Parts split_by_energy(const at::Tensor& x, const std::vector<double>& shares);

/// The same with a share for each channel: float64 x.sizes()[:-2].
Parts split_by_energy(const at::Tensor& x, const at::Tensor& shares);

/// The singular values of each channel, falling: float64 [..., min(H, W)]. Below 1e-8 of the first
/// they are rounding.
at::Tensor singular_values(const at::Tensor& x);

/// For each channel the smallest rank that keeps at least `share` of its energy: int64 [...].
at::Tensor rank_of_energy(const at::Tensor& x, double share);

// Against the Fourier transform.

/// The share of each channel's energy within the radius: float64 [...]; 1 for a channel of zeros.
at::Tensor energy_of_radius(const at::Tensor& x, double radius,
                            frequency::Rule rule = frequency::Rule::inclusive);

/// The smallest radius whose low parts keep at least `share` of the energy of all of x.
double radius_of_energy(const at::Tensor& x, double share);

/// How many real numbers the low part of an H x W channel has: the frequencies within the radius
/// (conjugate pairs are two numbers).
int64_t coefficients_of_radius(int64_t height, int64_t width, double radius,
                               frequency::Rule rule = frequency::Rule::inclusive);

/// How many real numbers a matrix of that rank has: rank * (H + W - rank).
int64_t coefficients_of_rank(int64_t height, int64_t width, int64_t rank);

/// The rank whose number of coefficients is nearest to that of the radius; the lower of two as
/// near.
int64_t rank_of_radius(int64_t height, int64_t width, double radius,
                       frequency::Rule rule = frequency::Rule::inclusive);

enum class Equal {
    energy,  ///< each channel keeps at least the share of energy that the low-pass keeps of it
    coefficients,  ///< rank_of_radius()
};

/// "energy" or "coefficients". Throws Error for anything else.
Equal parse_equal(std::string_view text);

/// The singular-value counterpart of frequency::split(x, {radius}).
Parts split_like_radius(const at::Tensor& x, double radius, Equal equal,
                        frequency::Rule rule = frequency::Rule::inclusive);

}  // namespace hfc::decompose
