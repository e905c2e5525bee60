// The ways to compute a split, behind split(). They take checked arguments and know nothing of
// autograd.
#pragma once

#include "frequency/split.h"

namespace hfc::frequency {

// x: contiguous float32 CPU tensor [..., H, W] with at least one element. Fused: one forward
// transform a channel, and for each radius the kept frequencies back and x - low in the pass that
// writes them. Threads over channels.

/// By the code that is fastest for the size on this processor.
Parts split_cpu(const at::Tensor& x, const std::vector<double>& radii, const SplitOptions& options);

/// By FFTW: every size, every processor.
Parts split_fftw(const at::Tensor& x, const std::vector<double>& radii,
                 const SplitOptions& options);

/// By torch.fft: any layout, any device.
Parts split_torch(const at::Tensor& x, const std::vector<double>& radii,
                  const SplitOptions& options);

}  // namespace hfc::frequency
