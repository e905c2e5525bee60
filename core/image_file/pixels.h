// Sizes and boxes, in pixels.
#pragma once

#include <cstdint>

namespace hfc::image_file {

struct Size {
    int64_t height = 0;
    int64_t width = 0;
    bool operator==(const Size&) const = default;
};

struct Box {
    int64_t top = 0;
    int64_t left = 0;
    int64_t height = 0;
    int64_t width = 0;
    bool operator==(const Box&) const = default;
};

}  // namespace hfc::image_file
