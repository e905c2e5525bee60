// The operator of a Fourier mask: each frequency of an image multiplied by a factor of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::mask {

/// (M(k) + M(-k)) / 2, all of a mask that a real image can feel. mask: [..., H, W], zero frequency
/// first (the layout of fft2).
at::Tensor symmetrise(const at::Tensor& mask);

/// Images seen through a mask: the real part of the inverse transform of mask * transform(x),
/// channel by channel; the mask is symmetrised first, so that the result is real by construction.
/// x: float32 or float64 [..., H, W], any device. mask: of any floating dtype, [..., H, W], zero
/// frequency first; its leading dimensions broadcast against x's: [H, W] for all, [C, H, W] a
/// channel, [N, 1, H, W] an image, [N, C, H, W] both. Differentiable in both. Throws Error for
/// another dtype, sizes H and W that differ and dimensions that do not broadcast.
at::Tensor apply(const at::Tensor& x, const at::Tensor& mask);

/// Throws Error unless `mask` is real, of a floating dtype, [..., height, width] and finite.
void require_mask(const at::Tensor& mask, int64_t height, int64_t width);

}  // namespace hfc::mask
