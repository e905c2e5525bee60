// What spatter needs of OpenCV's operations on one plane of bytes.
#pragma once

#include "corrupt/picture.h"

#include <array>

namespace hfc::corrupt {

/// Canny's edges, 255 on an edge: Sobel of 3 x 3, the sum of absolute derivatives.
Bytes canny(const Bytes& image, int low, int high);

/// From each pixel to the nearest that is not 0, by OpenCV's chamfer steps of 5 x 5.
Floats distance_to(const Bytes& edges);

/// The mean of 3 x 3 pixels, mirrored about the outermost ones.
Floats box_mean(const Floats& image);

/// The histogram made even.
Bytes equalized(const Bytes& image);

/// Weighs 3 x 3 pixels and cuts off at 0 and 255.
Bytes weighed_3x3(const Bytes& image, const std::array<int, 9>& weights);

}  // namespace hfc::corrupt
