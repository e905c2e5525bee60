// Images moved, turned and scaled at random: what the compared networks are trained on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::mask {

/// What is drawn for each image by itself, uniformly. The defaults change nothing.
struct AugmentOptions {
    double least_scale = 1, most_scale = 1;  ///< magnification, above 0
    double translate = 0;                    ///< shift in each direction by up to this share of the size, in [0,1]
    double rotate = 0;                       ///< turn by up to so many degrees either way, 0 to 180
    double least_crop = 1;                   ///< RandomResizedCrop: least share of the area, in (0,1]; sides of ratio 3/4 to 4/3
    bool flip = false;                       ///< left and right, every other image
    uint64_t seed = 0;
};

/// images: float32 [N, C, H, W], any device; the result has their shape, layout and device. Bilinear, with zeros beyond the borders; all
/// changes are made in one interpolation: crop, then scale, rotation and shift about the middle. Throws Error for a setting out of range.
at::Tensor augment(const at::Tensor& images, const AugmentOptions& options);

}  // namespace hfc::mask
