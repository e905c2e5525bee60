// What a figure of numbers shows, and the gnuplot program that draws it. Without LibTorch.
#pragma once

#include "plot/format.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::plot {

enum class Kind { line, points, bars };

struct Curve {
    std::string name;  ///< in the legend; empty: not there
    /// In the order given. A line breaks where y is not finite and where x goes back.
    std::vector<std::pair<double, double>> points;
    /// (low, high) for each point, or none: a band around a line, else whiskers.
    std::vector<std::pair<double, double>> band = {};
    std::string colour = {};  ///< curves of one name here have one colour; empty: `name`
    size_t dash = 0;          ///< and are told apart by their dashes
    Kind kind = Kind::line;
};

struct Axis {
    std::string name = {};
    bool log = false;
    bool unit = false;  ///< 0 to 1, as accuracies are
    std::optional<std::pair<double, double>> range = {};
    std::vector<std::string> categories = {};  ///< the names of 0, 1, 2 ..., under bars
};

/// A text at a place of the axes.
struct Note {
    double x = 0;
    double y = 0;
    std::string text;
};

/// A table of values as colours, with a bar that says which.
struct ColourMap {
    size_t columns = 0;
    std::vector<double> values;            ///< row by row from the top; one not finite is white
    std::pair<double, double> x = {0, 0};  ///< middles of the first and the last column;
                                           ///< equal: the columns' numbers
    std::pair<double, double> y = {0, 0};  ///< of the rows
    std::optional<std::pair<double, double>> range = {};
    std::string name = {};  ///< beside the bar

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
    bool one_vertical_axis = false;  ///< panels in a row have the same one, shown once
    size_t across = 4;               ///< panels in a row
    double width = 0;                ///< of the whole in mm; 0: 400 points a panel
    double font_size = 0;            ///< in points; 0: 13, and 8 where a width is given
};

/// Throws Error naming what does not fit: no panel, a band or a map of another size, a range that
/// is empty, a logarithmic axis without a value above 0, a width that leaves no room.
void require_valid(const Chart& chart);

/// The program that draws the panels to its standard output: one legend for all that is complete
/// for any number of names, the colours of Okabe and Ito, and a marker a curve, so that they can be
/// told apart without colour. Maps have the colours of viridis.
std::string gnuplot_program(const Chart& chart, Format format);

}  // namespace hfc::plot
