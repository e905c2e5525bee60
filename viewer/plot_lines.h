// Draws the curves of a plot.
#pragma once

#include "viewer/plot.h"

#include <imgui.h>

#include <vector>

namespace hfc::viewer {

/// Reduces the curve to columns of pixels, unless that has already been done.
void reduce_to(const Frame& frame, PlotCurve& curve);

/// opacity: normally 1, less if another curve is emphasised.
void draw_band(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity);
void draw_line(ImDrawList& list, const Frame& frame, const PlotCurve& curve, float opacity,
               float thickness);

/// Draws names to the right of the frame, each next to the end of its line.
void draw_end_labels(ImDrawList& list, const Frame& frame, const std::vector<PlotCurve>& curves,
                     const PlotCurve* emphasised, float width);

/// Returns the colour with its opacity multiplied by `opacity`.
ImU32 faded(ImU32 color, float opacity);

}  // namespace hfc::viewer
