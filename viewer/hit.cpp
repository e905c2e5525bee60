#include "viewer/hit.h"

#include <algorithm>
#include <cmath>

namespace hfc::viewer {
namespace {

struct Point {
    float x, y;
};

float distance_to_segment(Point at, Point from, Point to) {
    const float dx = to.x - from.x, dy = to.y - from.y;
    const float square = dx * dx + dy * dy;
    const float share =
        square > 0 ? std::clamp(((at.x - from.x) * dx + (at.y - from.y) * dy) / square, 0.0F, 1.0F)
                   : 0;
    return std::hypot(at.x - from.x - share * dx, at.y - from.y - share * dy);
}

}  // namespace

float distance_to_line(const Frame& frame, const std::vector<Column>& columns, float x, float y,
                       float most) {
    float nearest = most;
    const Column* before = nullptr;
    for (const auto& column : columns) {
        const float here = frame.middle(column);
        const float previous =
            before == nullptr || column.gap_before ? here : frame.middle(*before);
        if (here >= x - most && previous <= x + most) {
            const Point at = {x, y};
            if (previous < here) {
                nearest = std::min(nearest,
                                   distance_to_segment(at, {previous, frame.pixel_y(before->last)},
                                                       {here, frame.pixel_y(column.first)}));
            }
            nearest =
                std::min(nearest, distance_to_segment(at, {here, frame.pixel_y(column.lowest)},
                                                      {here, frame.pixel_y(column.highest)}));
        }
        before = &column;
    }
    return nearest;
}

}  // namespace hfc::viewer
