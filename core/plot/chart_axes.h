// The commands that set a panel's axes.
#pragma once

#include "plot/chart.h"

#include <limits>
#include <span>
#include <string>

namespace hfc::plot {

/// The values that an axis has to show.
struct Range {
    double low = std::numeric_limits<double>::infinity();
    double high = -std::numeric_limits<double>::infinity();

    bool empty() const { return low > high; }
};

Range horizontal_range(const Panel& panel);
/// Of all panels together.
Range vertical_range(std::span<const Panel> panels);

/// Whether the names of the categories do not stand beside each other on an axis of so many
/// characters: they are turned then.
bool are_wide(const Axis& axis, double length);

/// Range, scale and tics of the axis "x" or "y". length: how many characters stand along the axis
/// x, how many labels along y.
std::string axis_commands(char letter, const Axis& axis, const Range& values, double length,
                          bool downwards = false);

}  // namespace hfc::plot
