// The frequencies within a radius: a disc around zero, symmetric about both axes.
#pragma once

#include "frequency/split.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace hfc::frequency {

/// The absolute value of the frequency at index `i` of an unshifted spectrum with `n` entries.
inline int64_t frequency_of(int64_t i, int64_t n) {
    return i <= n / 2 ? i : n - i;
}

/// Whether the frequency (row, column) belongs to the low part. Computed in double precision, as
/// the mask would be in numpy.
inline bool is_low(int64_t row, int64_t column, double radius, Rule rule) {
    const double distance =
        std::sqrt(static_cast<double>(row) * row + static_cast<double>(column) * column);
    return rule == Rule::inclusive ? distance <= radius : distance < radius;
}

/// For each row frequency 0 .. height/2, the number of column frequencies 0 .. width/2 that are
/// kept. A disc is convex, so the kept frequencies are always the first ones, and these counts can
/// replace a mask.
std::vector<int64_t> disc_widths(int64_t height, int64_t width, double radius, Rule rule);

}  // namespace hfc::frequency
