// The OpenCV operations that spatter needs, on one plane of bytes.
#pragma once

#include "corrupt/picture.h"

#include <array>

namespace hfc::corrupt {

/// Canny's edge detector: 255 on an edge, otherwise 0. Uses 3 x 3 Sobel derivatives and the sum of
/// their absolute values.
Bytes canny(const Bytes& image, int low, int high);

/// The distance from each pixel to the nearest one that is not 0, as approximated by OpenCV's 5 x 5
/// chamfer steps.
Floats distance_to(const Bytes& edges);

/// The mean of 3 x 3 pixels, with mirrored borders.
Floats box_mean(const Floats& image);

/// The image after histogram equalization.
Bytes equalized(const Bytes& image);

/// The weighted sum of 3 x 3 pixels, clipped to [0, 255].
Bytes weighed_3x3(const Bytes& image, const std::array<int, 9>& weights);

}  // namespace hfc::corrupt
