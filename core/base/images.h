// Advice on arrays that are nearly images [N, C, H, W].
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace hfc {

/// Whether a tensor with four dimensions looks like images with the channels last, [N, H, W, C].
bool has_channels_last(const at::Tensor& images);

/// Returns text to append to an error: "; write x:permute(0, 3, 1, 2):float() / 255", or whatever
/// else turns this tensor into float32 images [N, C, H, W]. Returns "" if there is no advice.
std::string image_advice(const at::Tensor& images);

/// Like image_advice(), but for operators that accept any tensor [..., H, W].
std::string plane_advice(const at::Tensor& planes);

/// Throws Error "WHOSE must have pixels in [0,1], got ..." unless every pixel is in this range.
void require_unit_range(const at::Tensor& images, const std::string& whose);

}  // namespace hfc
