// Images as a batch of matrices, and their Gram matrices' eigenvectors.
#pragma once

#include "decompose/decompose.h"

#include <functional>

namespace hfc::decompose {

/// Chooses, from the falling eigenvalues (squared singular values) of channel `channel`, one rank a
/// part.
using Chooser =
    std::function<std::vector<int64_t>(int64_t channel, const std::vector<double>& energies)>;

/// The parts for the ranks that `choose` gives; it is called from several threads. planes:
/// contiguous float32 [channels, H, W], not empty.
Parts split_planes(const at::Tensor& planes, size_t parts, const Chooser& choose);

/// The same by LibTorch's own eigenvectors, on any device.
Parts split_planes_torch(const at::Tensor& planes, size_t parts, const Chooser& choose);

/// Falling eigenvalues of each plane's Gram matrix, at least 0: float64 [channels, min(H, W)], on
/// the CPU.
at::Tensor energies_of(const at::Tensor& planes);

/// The smallest number of `energies` that keeps `share` of their sum.
int64_t rank_for(const std::vector<double>& energies, double share);

}  // namespace hfc::decompose
