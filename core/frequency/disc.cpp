#include "frequency/disc.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::frequency {

std::vector<int64_t> disc_widths(int64_t height, int64_t width, double radius, Rule rule) {
    std::vector<int64_t> widths(height / 2 + 1);
    int64_t kept = width / 2 + 1;
    for (int64_t row = 0; row <= height / 2; ++row) {
        while (kept > 0 && !is_low(row, kept - 1, radius, rule)) {
            --kept;
        }
        widths[row] = kept;
    }
    return widths;
}

at::Tensor radial_mask(int64_t height, int64_t width, double radius, Rule rule) {
    require(height > 0 && width > 0, "height and width must be at least 1, got {} x {}", height,
            width);
    require(std::isfinite(radius) && radius >= 0, "radius must be a finite number >= 0, got {}",
            radius);
    const auto mask = at::zeros({height, width}, at::kDouble);
    auto values = mask.accessor<double, 2>();
    const auto widths = disc_widths(height, width, radius, rule);
    for (int64_t i = 0; i < height; ++i) {
        for (int64_t j = 0; j < width; ++j) {
            values[i][j] = frequency_of(j, width) < widths[frequency_of(i, height)] ? 1 : 0;
        }
    }
    return mask;
}

}  // namespace hfc::frequency
