#include "viewer/microscope_shape.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

namespace hfc::viewer {
namespace {

double radius_of(Place at) {
    return std::round(2 * std::hypot(at.across, at.down)) / 2;
}

double degrees_of(Place at) {
    return std::atan2(at.down, at.across) * 180 / std::numbers::pi;
}

void paint(MaskShape& shape, Place at, bool erase) {
    constexpr double brush = 1.2;
    for (int row = 0; row < shape.height; ++row) {
        for (int column = 0; column < shape.width; ++column) {
            const double down = row - shape.height / 2, across = column - shape.width / 2;
            const double distance = std::min(std::hypot(across - at.across, down - at.down),
                                             std::hypot(across + at.across, down + at.down));
            if (distance <= brush) {
                shape.painted[static_cast<size_t>(row * shape.width + column)] = erase ? 0 : 1;
            }
        }
    }
}

}  // namespace

void set_size(MaskShape& shape, int height, int width) {
    if (shape.height != height || shape.width != width) {
        shape.height = height;
        shape.width = width;
        shape.painted.assign(static_cast<size_t>(height) * static_cast<size_t>(width), 0);
    }
}

void begin_drag(MaskShape& shape, Place at) {
    if (shape.tool == Tool::ring) {
        shape.inner = radius_of(at);
    } else if (shape.tool == Tool::wedge) {
        shape.from = degrees_of(at);
    }
}

void drag_to(MaskShape& shape, Place at, bool erase) {
    switch (shape.tool) {
        case Tool::disc:
            shape.outer = radius_of(at);
            break;
        case Tool::ring:
            shape.outer = std::max(shape.inner, radius_of(at));
            break;
        case Tool::wedge:
            shape.to = degrees_of(at);
            break;
        case Tool::paint:
            paint(shape, at, erase);
            break;
    }
}

std::optional<LabelsByRadius::Change> LabelsByRadius::first_change() const {
    for (auto later = labels_.begin(); later != labels_.end(); ++later) {
        if (later != labels_.begin() && later->second != std::prev(later)->second) {
            return Change{later->first, std::prev(later)->second, later->second};
        }
    }
    return std::nullopt;
}

}  // namespace hfc::viewer
