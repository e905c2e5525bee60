// The positions of the labels at the ends of lines.
#pragma once

#include "viewer/reduce.h"

#include <cstddef>
#include <string_view>
#include <vector>

namespace hfc::viewer {

/// Returns the centres of labels of this height, as close as possible (least squares) to the ends
/// of their lines, in the same order, without overlap and within the range. If there is not enough
/// room, some labels are left out, at regular intervals; their position is NaN.
std::vector<double> spread_labels(const std::vector<double>& wanted, double height, Range within);

/// Returns the length of the prefix that all labels share, up to the end of a word. If there is too
/// little room for whole labels, this prefix can be left out, because it does not distinguish the
/// labels. The length is 0 for a single label.
size_t shared_beginning(const std::vector<std::string_view>& labels);

/// Returns the length of the suffix that all labels share, starting with " / ". The suffix is the
/// series if all runs have the same series. The length is 0 for a single label.
size_t shared_ending(const std::vector<std::string_view>& labels);

}  // namespace hfc::viewer
