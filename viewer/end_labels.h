// Where the labels at the ends of lines stand.
#pragma once

#include "viewer/reduce.h"

#include <vector>

namespace hfc::viewer {

/// The middles of labels of this height, as near as possible (least squares) to where their lines
/// end, in the same order, without overlap and within the range. If there is no room for all, those
/// between are left out evenly; their place is NaN.
std::vector<double> spread_labels(const std::vector<double>& wanted, double height, Range within);

}  // namespace hfc::viewer
