// Smooths convolution kernels, as in section 6 of Wang et al., CVPR 2020, and measures how smooth a
// kernel is.
#pragma once

#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hfc::smooth {

// kernel: floating-point [..., height, width] of any size, the layout of a convolution's weight
// [out, in, height, width].

/// Equation 3: w(i,j) + rho * (the sum of its eight neighbours), computed from the old values, with
/// duplicated borders. The result is not normalised: a constant kernel grows by a factor of 1 + 8
/// rho. rho: finite and non-negative; throws Error otherwise.
at::Tensor smooth_kernel(const at::Tensor& kernel, double rho);

/// The kernel smoothed by a Gaussian with standard deviation `sigma` (in weights, above 0),
/// normalised to a sum of 1, with duplicated borders, as in OpenCV's GaussianBlur with
/// BORDER_REPLICATE. size: the size of the Gaussian, an odd number; 0 means 2 * round(4 sigma) + 1,
/// which OpenCV uses for floats.
at::Tensor gaussian_kernel(const at::Tensor& kernel, double sigma, int64_t size = 3);

/// Smooths convolutions of a model in place, without retraining, and returns the names of their
/// weights. layers: names of convolutions ("conv0", or the name of the weight, "conv0.weight");
/// empty means the first one, as in the paper. To get a smoothed copy, smooth model.copy(). Throws
/// Error for a model without a convolution and for a name that does not exist (listing those that
/// do), without changing anything.
std::vector<std::string> smooth(model::Model& model, double rho,
                                const std::vector<std::string>& layers = {});

/// The same with gaussian_kernel().
std::vector<std::string> smooth_gaussian(model::Model& model, double sigma, int64_t size = 3,
                                         const std::vector<std::string>& layers = {});

/// The names of the model's convolution weights (four dimensions), in order.
std::vector<std::string> convolutions(const model::Model& model);

/// How much vertically and horizontally adjacent weights differ: the energy of the differences,
/// float64 [...]. relative: divides by the kernel's own energy, because smoothing also scales a
/// kernel; the result is 0 for a kernel of zeros.
at::Tensor roughness(const at::Tensor& kernel, bool relative = true);

/// The gain of the kernel at each frequency of a size x size image: the magnitude of its Fourier
/// transform, float64 [..., size, size], zero-frequency component first (the layout of fft2 and of
/// frequency::radial_mask). size: at least the kernel's size.
at::Tensor frequency_response(const at::Tensor& kernel, int64_t size);

}  // namespace hfc::smooth
