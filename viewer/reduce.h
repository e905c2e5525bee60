// Reduces a curve to as many points as there are pixels.
#pragma once

#include <cstddef>
#include <vector>

namespace hfc::viewer {

/// All points of a curve that are in one column of pixels.
struct Column {
    int pixel = 0;
    double first = 0, lowest = 0, highest = 0, last = 0;
    bool gap_before = false;  ///< a value between the previous column and this one was not finite
};

struct Range {
    double low = 0, high = 1;
};

/// Reduces the curve to at most width + 2 columns: pixel = floor((x - low) / (high - low) * width),
/// where -1 and `width` are the columns just outside, so that the line reaches the border. `x`
/// should not decrease; wherever it does, there is a gap in the line.
std::vector<Column> reduce(const std::vector<double>& x, const std::vector<double>& y, Range view,
                           int width);

/// An exponential moving average with bias correction at the start: s_t = sum w^(t-i) y_i / sum
/// w^(t-i), with w = weight in [0,1). Values that are not finite stay as they are and are left out
/// of the mean.
std::vector<double> smooth(const std::vector<double>& y, double weight);

}  // namespace hfc::viewer
