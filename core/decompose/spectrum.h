// Images as a batch of matrices, and the eigenvectors of their Gram matrices.
#pragma once

#include "decompose/decompose.h"

#include <functional>

namespace hfc::decompose {

/// Chooses one rank per part for a channel. energies: the channel's eigenvalues (squared singular
/// values) in descending order.
using Chooser =
    std::function<std::vector<int64_t>(int64_t channel, const std::vector<double>& energies)>;

/// Returns the parts for the ranks that `choose` returns. Several threads call `choose` at the same
/// time. planes: contiguous float32 [channels, H, W], not empty.
Parts split_planes(const at::Tensor& planes, size_t parts, const Chooser& choose);

/// Like split_planes(), but computes the eigenvectors with LibTorch and supports any device.
Parts split_planes_torch(const at::Tensor& planes, size_t parts, const Chooser& choose);

/// The eigenvalues of each plane's Gram matrix, in descending order and non-negative: float64
/// [channels, min(H, W)], on the CPU.
at::Tensor energies_of(const at::Tensor& planes);

/// How many of the `energies` (in descending order) are needed to reach the fraction `share` of
/// their sum.
int64_t rank_for(const std::vector<double>& energies, double share);

}  // namespace hfc::decompose
