// The gnuplot commands that set a panel's axes.
#pragma once

#include "plot/chart.h"

#include <limits>
#include <span>
#include <string>

namespace hfc::plot {

/// The range of the values on an axis.
struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    bool empty() const { return low > high; }
};

Range horizontal_range(const Panel& panel);
/// The common range of all panels.
Range vertical_range(std::span<const Panel> panels);

/// Whether the category names must be rotated because they do not fit side by side on an axis of
/// this length (in characters).
bool are_wide(const Axis& axis, double length);

/// The range, scale and tics of the axis "x" or "y". length: the number of characters that fit
/// along the x axis, or the number of labels that fit along the y axis.
std::string axis_commands(char letter, const Axis& axis, const Range& values, double length,
                          bool downwards = false);

}  // namespace hfc::plot
