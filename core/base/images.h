// What to do with arrays that are nearly images [N, C, H, W].
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace hfc {

/// Whether a tensor of four dimensions looks like images whose channels stand last, [N, H, W, C].
bool has_channels_last(const at::Tensor& images);

/// "; write x:permute(0, 3, 1, 2):float() / 255" or what else makes float32 images [N, C, H, W] of
/// these, to be put behind an error; "" where nothing is to be done or known.
std::string image_advice(const at::Tensor& images);

/// As image_advice(), for operators that take [..., H, W] of any kind.
std::string plane_advice(const at::Tensor& planes);

/// Throws Error "WHOSE must have pixels in [0,1], got ..." unless each pixel lies there.
void require_unit_range(const at::Tensor& images, const std::string& whose);

}  // namespace hfc
