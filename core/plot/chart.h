// The contents of a chart, and the gnuplot program that draws it. Without LibTorch.
#pragma once

#include "plot/format.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::plot {

enum class Kind { line, points, bars };

struct Curve {
    std::string name;  ///< the name in the legend; without a name, the curve is not in the legend
    /// In the order given. A line breaks at points that are not finite and wherever x decreases.
    std::vector<std::pair<double, double>> points;
    /// (low, high) for each point, or empty. Drawn as a band around a line, and as whiskers on
    /// points and bars.
    std::vector<std::pair<double, double>> band = {};
    /// Curves with the same text in this field have the same colour; empty means `name`.
    std::string colour = {};
    size_t dash = 0;  ///< distinguishes curves of the same colour
    Kind kind = Kind::line;
};

struct Axis {
    std::string name = {};
    bool log = false;
    bool unit = false;  ///< the range is 0 to 1, as for accuracies
    std::optional<std::pair<double, double>> range = {};
    std::vector<std::string> categories = {};  ///< the names of 0, 1, 2 ..., below bars
};

/// Text at a position given in axis coordinates.
struct Note {
    double x = 0;
    double y = 0;
    std::string text;
};

/// A table of values drawn as colours, with a colour bar.
struct ColourMap {
    size_t columns = 0;
    std::vector<double> values;  ///< row by row, from the top; a value that is not finite is white
    /// The centres of the first and the last column; if they are equal, column numbers are used.
    std::pair<double, double> x = {0, 0};
    std::pair<double, double> y = {0, 0};  ///< likewise for the rows
    std::optional<std::pair<double, double>> range = {};
    std::string name = {};  ///< the name next to the colour bar

    size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

struct Panel {
    std::string title;
    std::vector<Curve> curves;
    Axis x = {};
    Axis y = {};
    std::vector<Note> notes = {};
    std::optional<ColourMap> map = {};
};

struct Chart {
    std::vector<Panel> panels;
    std::string title = {};
    /// The panels in a row share one vertical axis, which is drawn once.
    bool one_vertical_axis = false;
    size_t across = 4;     ///< panels per row
    double width = 0;      ///< the width of the whole figure in mm; 0 means 400 points per panel
    double font_size = 0;  ///< in points; 0 means 13, or 8 if there is a width
};

/// Throws Error naming the problem: no panel, a band or a map of the wrong size, an empty range, a
/// logarithmic axis without a value above 0, or a width that is too small.
void require_valid(const Chart& chart);

/// Returns the program that draws the panels to its standard output. One legend lists the named
/// curves of all panels, however many there are. Curves have the colours of Okabe and Ito and
/// different markers, so that they can be distinguished without colour. Maps use the colours of
/// viridis.
std::string gnuplot_program(const Chart& chart, Format format);

}  // namespace hfc::plot
