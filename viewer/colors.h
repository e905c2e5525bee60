// The colours of curves: those of figures (plot/palette.h), by theme.
#pragma once

#include <imgui.h>

#include <cstddef>
#include <cstdint>

namespace hfc::viewer {

/// 0xRRGGBB as ImGui has it.
ImU32 from_rgb(uint32_t rgb);
uint32_t to_rgb(ImU32 color);

/// The eight colours that the colour-blind tell apart, blue the first; black, or white on dark, is
/// the eighth. Then shades of them.
ImU32 color_of(size_t index, bool dark);

/// The colour itself, then lighter (on dark) or darker ones; six in turn.
ImU32 shade_of(ImU32 color, size_t index, bool dark);

/// Of the `index`-th of `count` radii: from blue to yellow on dark, from violet to green on white.
ImU32 color_of_radius(size_t index, size_t count, bool dark);

}  // namespace hfc::viewer
