// Finds the line under the pointer.
#pragma once

#include "viewer/frame.h"

#include <vector>

namespace hfc::viewer {

/// The largest distance between the pointer and a line, in pixels, at which the line's name is
/// shown.
inline constexpr float naming_distance = 8;

/// Returns the distance in pixels from (x, y) to the line given by the columns, or `most` if it is
/// farther away.
float distance_to_line(const Frame& frame, const std::vector<Column>& columns, float x, float y,
                       float most = naming_distance);

}  // namespace hfc::viewer
