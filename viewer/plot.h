// A plot of curves on ImGui's draw lists.
#pragma once

#include "viewer/axis.h"
#include "viewer/frame.h"

#include <imgui.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace hfc::viewer {

struct PlotCurve {
    std::string name;
    std::string label;              ///< at the line's end: the part of the name not in the title
    std::vector<std::string> keys;  ///< in Choice::hidden
    std::shared_ptr<const std::vector<double>> held;  ///< what x points to, if it is nobody else's
    const std::vector<double>* x = nullptr;
    std::vector<double> y;          ///< on a logarithmic axis: the logarithms to base 10
    std::vector<double> low, high;  ///< a band around the line; or none
    ImU32 color = 0;
    bool dotted = false;
    bool faint = false;                          ///< in the background: without marks and label
    Range x_range = nowhere, y_range = nowhere;  ///< of the points where both are finite
    Range band_range = nowhere;                  ///< the same, of the band and the line

    /// What reduce() gave for the last view; kept by draw_plot().
    struct Reduced {
        std::vector<Column> line, low, high;
        Range view;
        int width = 0;
    } reduced;

    static constexpr Range nowhere = {std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity()};
};

/// What the user has chosen of a plot: stays from frame to frame. Plots may share one.
struct PlotView {
    bool fitted = true;  ///< show all; ends with the first zoom
    Range all_x = PlotCurve::nowhere, all_y = PlotCurve::nowhere;  ///< what "all" is
    Range x, y;
    const void* dragging = nullptr;  ///< the curves of the plot where the mouse went down
    ImVec2 drag_from;
};

struct Theme {
    ImU32 background, grid, text, faint;
};

struct PlotLook {
    std::string title, x_name;
    bool logarithmic_x = false, logarithmic = false, labels = true;
    std::string emphasised;  ///< the key of a curve before which the others stand back; or empty
    Theme theme = {};
};

/// What the mouse did.
struct PlotEvent {
    const PlotCurve* pointed = nullptr;  ///< the nearest line, within naming_distance
    bool clicked = false;                ///< on it
};

/// Draws the plot into the given rectangle of the current window and takes its mouse: dragging
/// zooms to a rectangle, the wheel around the pointer (with Shift the horizontal axis only), a
/// double click shows all again. The line nearest to the pointer is named, with its value.
PlotEvent draw_plot(const char* id, ImVec2 size, const PlotLook& look,
                    std::vector<PlotCurve>& curves, PlotView& view);

/// Enlarges the part shown by a factor below 1 around its middle, or makes it smaller.
void zoom_around_middle(PlotView& view, double factor);

}  // namespace hfc::viewer
