// Applies Fourier masks: each frequency of an image is multiplied by its own factor.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::mask {

/// Returns (M(k) + M(-k)) / 2, the only part of a mask that affects a real image. mask: [..., H,
/// W], zero-frequency component first (the layout of fft2).
at::Tensor symmetrise(const at::Tensor& mask);

/// Applies a mask to images: the real part of the inverse transform of mask * transform(x), channel
/// by channel. The mask is first symmetrised, so the result is real by construction. x: float32 or
/// float64 [..., H, W], any device. mask: any floating-point dtype, [..., H, W], zero-frequency
/// component first; its leading dimensions are broadcast against x's: [H, W] for all images, [C, H,
/// W] per channel, [N, 1, H, W] per image, [N, C, H, W] per image and channel. Differentiable in
/// both arguments. Throws Error for any other dtype, a mask whose H and W differ from those of x,
/// and dimensions that cannot be broadcast.
at::Tensor apply(const at::Tensor& x, const at::Tensor& mask);

/// Throws Error unless `mask` is real, has a floating-point dtype, has the shape [..., height,
/// width] and is finite.
void require_mask(const at::Tensor& mask, int64_t height, int64_t width);

}  // namespace hfc::mask
