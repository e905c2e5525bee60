// The rectangle of a plot's curves in pixels, and the conversion from values to pixels and back.
#pragma once

#include "viewer/reduce.h"

#include <algorithm>

namespace hfc::viewer {

struct Frame {
    float left = 0, top = 0, right = 1, bottom = 1;
    Range x, y;

    float width() const { return right - left; }
    float height() const { return bottom - top; }
    float pixel_x(double value) const {
        return left + static_cast<float>((value - x.low) / (x.high - x.low)) * width();
    }
    float pixel_y(double value) const {
        const double share = std::clamp((value - y.low) / (y.high - y.low), -10.0,
                                        10.0);  // far outside, but still within the range of float
        return bottom - static_cast<float>(share) * height();
    }
    double value_x(float pixel) const {
        return x.low + (pixel - left) / width() * (x.high - x.low);
    }
    double value_y(float pixel) const {
        return y.low + (bottom - pixel) / height() * (y.high - y.low);
    }
    /// The horizontal position of the middle of a column of pixels.
    float middle(const Column& column) const {
        return left + static_cast<float>(column.pixel) + 0.5F;
    }
};

}  // namespace hfc::viewer
