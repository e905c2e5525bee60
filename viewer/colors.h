// The colours of curves in each theme, the same as in figures (plot/palette.h).
#pragma once

#include <imgui.h>

#include <cstddef>
#include <cstdint>

namespace hfc::viewer {

/// Converts 0xRRGGBB to ImGui's format.
ImU32 from_rgb(uint32_t rgb);
uint32_t to_rgb(ImU32 color);

/// One of a palette of eight colours that colour-blind people can tell apart. The first is blue;
/// the eighth is black, or white on a dark background. Higher indices return shades of these
/// colours.
ImU32 color_of(size_t index, bool dark);

/// One of six shades: first the colour itself, then lighter colours (on a dark background) or
/// darker colours.
ImU32 shade_of(ImU32 color, size_t index, bool dark);

/// The colour of radius number `index` of `count`: from blue to yellow on a dark background, from
/// violet to green on white.
ImU32 color_of_radius(size_t index, size_t count, bool dark);

}  // namespace hfc::viewer
