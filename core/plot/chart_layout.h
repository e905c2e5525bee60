// The positions of the parts of a figure. All lengths are in points.
#pragma once

#include "plot/chart.h"

#include <string>
#include <vector>

namespace hfc::plot {

/// An entry of the legend, and how its curve is drawn.
struct Entry {
    std::string name;
    size_t colour;  ///< the position of its colour in the list of colour names
    size_t dash;
    Kind kind;
};

/// The named curves of all panels, each listed once; empty if there is only one.
std::vector<Entry> legend_of(const Chart& chart);

struct ChartLayout {
    double font;
    size_t across, down;  ///< the number of panels
    double panel_width, panel_height;
    double left, bottom, top, right;  ///< margins around the panels
    double gap_across, gap_down;      ///< gaps between the panels
    double bar;                       ///< space for the colour bar to the right of each panel
    size_t legend_rows;

    double plots_width() const;
    double plots_height() const;
    double width() const { return left + plots_width() + right; }
    double height() const { return bottom + plots_height() + top; }
};

/// Throws Error if the chart's width is too small.
ChartLayout layout_of(const Chart& chart, const std::vector<Entry>& legend);

}  // namespace hfc::plot
