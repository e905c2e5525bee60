// Splits images by singular values (dominant and trailing) instead of frequencies, as in section 8
// of Wang et al., CVPR 2020.
#pragma once

#include "frequency/split.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::decompose {

/// Like the result of frequency::split, with one tensor per rank. low: the dominant part; high: x -
/// low.
using Parts = frequency::Parts;

/// Truncated singular value decomposition of each channel: low(rank) keeps the `rank` largest
/// singular values. x: finite float32 [..., H, W] with any leading dimensions, layout and device;
/// the parts are contiguous. ranks: 0 to min(H, W). Computes, in double precision, only as many
/// eigenvectors of the Gram matrix of the shorter side as the ranks require; channels run in
/// parallel. The parts are within 1e-4 of a decomposition in double precision, unless the last
/// singular value kept and the first one dropped are nearly equal: the decomposition itself is then
/// ill-defined. Not differentiable. Throws Error for any other dtype, a rank out of range and
/// values that are not finite.
Parts split(const at::Tensor& x, const std::vector<int64_t>& ranks);

/// Like split(), but chooses for each channel the smallest rank that keeps at least a fraction of
/// the channel's energy (its sum of squares). shares: the fractions, in [0,1].
Parts split_by_energy(const at::Tensor& x, const std::vector<double>& shares);

/// Like split_by_energy() above, but with a separate fraction for each channel: float64
/// x.sizes()[:-2].
Parts split_by_energy(const at::Tensor& x, const at::Tensor& shares);

/// The singular values of each channel, in descending order: float64 [..., min(H, W)]. Values below
/// 1e-8 times the first one are rounding errors.
at::Tensor singular_values(const at::Tensor& x);

/// For each channel, the smallest rank that keeps at least the fraction `share` of its energy:
/// int64 [...].
at::Tensor rank_of_energy(const at::Tensor& x, double share);

// Comparison with the Fourier transform.

/// The fraction of each channel's energy within the radius: float64 [...]; 1 for a channel of
/// zeros.
at::Tensor energy_of_radius(const at::Tensor& x, double radius,
                            frequency::Rule rule = frequency::Rule::inclusive);

/// The smallest radius whose low parts keep at least the fraction `share` of the total energy of x.
double radius_of_energy(const at::Tensor& x, double share);

/// The number of real numbers in the low part of an H x W channel: the frequencies within the
/// radius (a conjugate pair counts as two numbers).
int64_t coefficients_of_radius(int64_t height, int64_t width, double radius,
                               frequency::Rule rule = frequency::Rule::inclusive);

/// The number of independent real numbers in a matrix of this rank: rank * (H + W - rank).
int64_t coefficients_of_rank(int64_t height, int64_t width, int64_t rank);

/// The rank whose number of coefficients is closest to the number for the radius; of two equally
/// close ranks, the lower one.
int64_t rank_of_radius(int64_t height, int64_t width, double radius,
                       frequency::Rule rule = frequency::Rule::inclusive);

enum class Equal {
    /// Each channel keeps at least as much energy as with the low-pass filter.
    energy,
    coefficients,  ///< rank_of_radius()
};

/// "energy" or "coefficients". Throws Error for anything else.
Equal parse_equal(std::string_view text);

/// The singular-value counterpart of frequency::split(x, {radius}).
Parts split_like_radius(const at::Tensor& x, double radius, Equal equal,
                        frequency::Rule rule = frequency::Rule::inclusive);

}  // namespace hfc::decompose
