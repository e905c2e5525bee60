// A plot of curves on ImGui's draw lists.
#pragma once

#include "viewer/axis.h"

#include <imgui.h>

#include <limits>
#include <string>
#include <vector>

namespace hfc::viewer {

struct PlotCurve {
    std::string name;
    const std::vector<double>* x = nullptr;
    std::vector<double> y;  ///< on a logarithmic axis: the logarithms to base 10
    ImU32 color = 0;
    bool faint = false;  ///< in the background: without marks, and not told by the cross-hair
    Range x_range = nowhere, y_range = nowhere;  ///< of the points where both are finite

    /// What reduce() gave for the last view; kept by draw_plot().
    struct Reduced {
        std::vector<Column> columns;
        Range view;
        int width = 0;
    } reduced;

    static constexpr Range nowhere = {std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity()};
};

/// What the user has chosen of a plot: stays from frame to frame.
struct PlotView {
    bool fitted = true;  ///< show all; ends with the first zoom
    Range x, y;
    bool dragging = false;
    ImVec2 drag_from;
};

struct Theme {
    ImU32 background, grid, text, faint;
};

/// Of Okabe and Ito: eight colours that the colour-blind tell apart; black or white is the last, by
/// theme.
ImU32 color_of(size_t index, bool dark);

/// The colour itself, then lighter (on dark) or darker ones; six in turn.
ImU32 shade_of(ImU32 color, size_t index, bool dark);

/// Draws the plot into the given rectangle of the current window and takes its mouse: dragging
/// zooms to a rectangle, the wheel around the pointer (with Shift the horizontal axis alone), a
/// double click shows all again, the pointer has a cross-hair with the values under it.
void draw_plot(const char* id, ImVec2 size, const std::string& title, const std::string& x_name,
               bool logarithmic, std::vector<PlotCurve>& curves, const Theme& theme,
               PlotView& view);

}  // namespace hfc::viewer
