#include "viewer/colors.h"

#include "plot/palette.h"

#include <algorithm>
#include <array>

namespace hfc::viewer {
namespace {

constexpr size_t distinct = plot::distinct_colours.size();

/// One of a palette of eight colours that colour-blind people can tell apart.
ImU32 hue_of(size_t index, bool dark) {
    constexpr size_t blue = 1, yellow = distinct - 1;
    const size_t place = (index + blue) % distinct;
    if (place == 0) {
        return dark ? IM_COL32(235, 235, 235, 255) : IM_COL32(20, 20, 20, 255);
    }
    if (place == yellow && !dark) {
        return IM_COL32(150, 140, 0, 255);
    }
    return from_rgb(plot::distinct_colours[place]);
}

}  // namespace

ImU32 from_rgb(uint32_t rgb) {
    return IM_COL32(rgb >> 16 & 0xFF, rgb >> 8 & 0xFF, rgb & 0xFF, 255);
}

uint32_t to_rgb(ImU32 color) {
    return (color >> IM_COL32_R_SHIFT & 0xFF) << 16 | (color >> IM_COL32_G_SHIFT & 0xFF) << 8 |
           (color >> IM_COL32_B_SHIFT & 0xFF);
}

ImU32 color_of(size_t index, bool dark) {
    return shade_of(hue_of(index, dark), index / distinct, dark);
}

ImU32 shade_of(ImU32 color, size_t index, bool dark) {
    constexpr std::array<float, 6> shares = {0, 0.35F, 0.5F, 0.18F, 0.42F, 0.6F};
    const float share = shares[index % shares.size()], towards = dark ? 1.0F : 0.0F;
    auto mixed = ImGui::ColorConvertU32ToFloat4(color);
    for (float* const channel : {&mixed.x, &mixed.y, &mixed.z}) {
        *channel += (towards - *channel) * share;
    }
    return ImGui::ColorConvertFloat4ToU32(mixed);
}

ImU32 color_of_radius(size_t index, size_t count, bool dark) {
    const double place =
        count < 2 ? 0.5 : static_cast<double>(index) / static_cast<double>(count - 1);
    return from_rgb(plot::sequential_colour(dark ? 0.3 + 0.7 * place : 0.85 * place));
}

}  // namespace hfc::viewer
