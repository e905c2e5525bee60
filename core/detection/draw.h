// Boxes drawn on pictures.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace hfc::detection {

struct Pen {
    std::array<double, 3> colour = {1, 0, 0};  ///< red, green, blue
    bool dashed = false;
    int64_t width = 1;  ///< of the lines, in pixels, at least 1
};

/// Returns a copy of a picture [3, H, W] with the edges of boxes [n, 4] (x1, y1, x2, y2) drawn on
/// it. Parts outside the picture are left out.
at::Tensor draw_boxes(const at::Tensor& image, const at::Tensor& boxes, const Pen& pen = {});

}  // namespace hfc::detection
