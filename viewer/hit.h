// Which line is under the pointer.
#pragma once

#include "viewer/frame.h"

#include <vector>

namespace hfc::viewer {

/// From how many pixels away a line is named.
inline constexpr float naming_distance = 8;

/// The distance in pixels from (x, y) to the line that columns make; `most` where it is farther.
float distance_to_line(const Frame& frame, const std::vector<Column>& columns, float x, float y,
                       float most = naming_distance);

}  // namespace hfc::viewer
