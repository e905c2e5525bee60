// A plot of curves, drawn with ImGui's draw lists.
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
    std::string label;  ///< at the end of the line: the part of the name that is not in the title
    std::vector<std::string> keys;  ///< in Choice::hidden
    /// The values that `x` points to, if nothing else owns them.
    std::shared_ptr<const std::vector<double>> held;
    const std::vector<double>* x = nullptr;
    std::vector<double> y;          ///< on a logarithmic axis: the logarithms to base 10
    std::vector<double> low, high;  ///< a band around the line; or empty
    ImU32 color = 0;
    bool dotted = false;
    bool faint = false;  ///< in the background, without markers and label
    /// Range of the points at which both values are finite.
    Range x_range = nowhere, y_range = nowhere;
    Range band_range = nowhere;  ///< the same for the band and the line

    /// The result of reduce() for the last view; draw_plot() updates it.
    struct Reduced {
        std::vector<Column> line, low, high;
        Range view;
        int width = 0;
    } reduced;

    static constexpr Range nowhere = {std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity()};
};

/// The user's choices for a plot, which persist from frame to frame. Several plots may share them.
struct PlotView {
    bool fitted = true;  ///< show everything; false after the first zoom
    Range all_x = PlotCurve::nowhere, all_y = PlotCurve::nowhere;  ///< the range of "everything"
    Range x, y;
    /// The curves of the plot in which the mouse button was pressed.
    const void* dragging = nullptr;
    ImVec2 drag_from;
};

struct Theme {
    ImU32 background, grid, text, faint;
};

struct PlotLook {
    std::string title, x_name;
    bool logarithmic_x = false, logarithmic = false, labels = true;
    std::string emphasised;  ///< the key of a curve that is emphasised over the others; or empty
    Theme theme = {};
    /// The pointer's position on the horizontal axis if the pointer is in another plot, else NaN.
    double linked_x = std::numeric_limits<double>::quiet_NaN();
};

/// The mouse events in a plot.
struct PlotEvent {
    const PlotCurve* pointed = nullptr;  ///< the nearest line, within naming_distance
    bool clicked = false;                ///< whether that line was clicked
    /// The pointer's position on the horizontal axis; NaN if the pointer is outside the plot.
    double x = std::numeric_limits<double>::quiet_NaN();
};

/// Draws the plot into the given rectangle of the current window and handles the mouse: dragging
/// zooms to a rectangle, the wheel zooms around the pointer (with Shift, only the horizontal axis),
/// and a double click shows everything. The name and value of the line nearest to the pointer are
/// shown. If there are many bands, they are drawn fainter.
PlotEvent draw_plot(const char* id, ImVec2 size, const PlotLook& look,
                    std::vector<PlotCurve>& curves, PlotView& view);

/// Zooms in around the middle for a factor below 1, and out for a factor above 1.
void zoom_around_middle(PlotView& view, double factor);

}  // namespace hfc::viewer
