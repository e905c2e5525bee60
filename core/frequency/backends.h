// The implementations of split(). They expect checked arguments and do not use autograd.
#pragma once

#include "frequency/split.h"

namespace hfc::frequency {

// x: contiguous float32 CPU tensor [..., H, W] with at least one element. Fused: one forward
// transform per channel and, for each radius, one inverse transform of the kept frequencies, which
// also writes x - low. Threads over channels.

/// Uses the fastest implementation for this size and processor.
Parts split_cpu(const at::Tensor& x, const std::vector<double>& radii, const SplitOptions& options);

/// Uses FFTW: any size, any processor.
Parts split_fftw(const at::Tensor& x, const std::vector<double>& radii,
                 const SplitOptions& options);

/// Uses torch.fft: any layout, any device.
Parts split_torch(const at::Tensor& x, const std::vector<double>& radii,
                  const SplitOptions& options);

}  // namespace hfc::frequency
