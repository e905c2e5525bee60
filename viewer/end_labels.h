// The positions of the labels at the ends of lines.
#pragma once

#include "viewer/reduce.h"

#include <vector>

namespace hfc::viewer {

/// Returns the centres of labels of this height, as close as possible (least squares) to the ends
/// of their lines, in the same order, without overlap and within the range. If there is not enough
/// room, some labels are left out at even distances; their position is NaN.
std::vector<double> spread_labels(const std::vector<double>& wanted, double height, Range within);

}  // namespace hfc::viewer
