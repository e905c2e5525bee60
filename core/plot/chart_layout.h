// Where the parts of a figure stand. All lengths in points.
#pragma once

#include "plot/chart.h"

#include <string>
#include <vector>

namespace hfc::plot {

/// A line of the legend, and how it is drawn.
struct Entry {
    std::string name;
    size_t colour;  ///< the number of the colour's name
    size_t dash;
    Kind kind;
};

/// The named curves of all panels, each once; none where there is only one.
std::vector<Entry> legend_of(const Chart& chart);

struct ChartLayout {
    double font;
    size_t across, down;  ///< panels
    double panel_width, panel_height;
    double left, bottom, top, right;  ///< around the panels
    double gap_across, gap_down;      ///< between them
    double bar;                       ///< for the colours of maps, right of each panel
    size_t legend_rows;

    double plots_width() const;
    double plots_height() const;
    double width() const { return left + plots_width() + right; }
    double height() const { return bottom + plots_height() + top; }
};

/// Throws Error if the chart's width leaves no room.
ChartLayout layout_of(const Chart& chart, const std::vector<Entry>& legend);

}  // namespace hfc::plot
