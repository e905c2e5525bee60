// The OpenCV operations on one plane of bytes that spatter needs.
#pragma once

#include "corrupt/picture.h"

#include <array>

namespace hfc::corrupt {

/// Canny's edges, 255 on an edge: Sobel with 3 x 3 pixels, sum of the absolute derivatives.
Bytes canny(const Bytes& image, int low, int high);

/// The distance from each pixel to the nearest one that is not 0, by OpenCV's 5 x 5 chamfer steps.
Floats distance_to(const Bytes& edges);

/// The mean of 3 x 3 pixels, with mirrored borders.
Floats box_mean(const Floats& image);

/// The image with an equalized histogram.
Bytes equalized(const Bytes& image);

/// Weights 3 x 3 pixels and clips the result to 0 and 255.
Bytes weighed_3x3(const Bytes& image, const std::array<int, 9>& weights);

}  // namespace hfc::corrupt
