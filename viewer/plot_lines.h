// The curves of a plot as they are drawn.
#pragma once

#include "viewer/plot.h"

#include <imgui.h>

#include <vector>

namespace hfc::viewer {

/// Reduces the curve to columns of pixels, unless it is already.
void reduce_to(const Frame& frame, PlotCurve& curve);

/// opacity: 1 as it is, less where another curve is to be seen.
void draw_band(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity);
void draw_line(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity,
               float thickness);

/// Names at the right of the frame, each beside the end of its line.
void draw_end_labels(ImDrawList& list, const Frame& frame, const std::vector<PlotCurve>& curves,
                     const PlotCurve* emphasised, float width);

/// The color with its opacity multiplied.
ImU32 faded(ImU32 color, float opacity);

}  // namespace hfc::viewer
