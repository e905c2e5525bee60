// Figures of curves: which points they hold, and how gnuplot is told to draw them. Pure functions
// of the events.
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

/// A figure of curves, one panel a series.
struct FigureOptions {
    std::string x = "epoch";     ///< key of the horizontal axis in the events
    std::string y = "accuracy";  ///< key of the vertical axis: a number (one curve) or an object of
                                 ///< numbers (one curve a key)
    std::vector<std::string> panels;  ///< series, each in a panel of its own; empty: all of the log
    std::vector<std::string> curves;  ///< instead: names of whole curves (Run::curve), each in a
                                      ///< panel of its own with a curve a series
    std::string title;
};

struct Curve {
    std::string name;
    std::vector<std::pair<double, double>> points;     ///< in the order logged; finite
    std::vector<std::pair<double, double>> band = {};  ///< (low, high) for each point, or none
    std::string colour = {};  ///< curves of one name here have one colour; empty: `name`
    size_t dash = 0;          ///< and are told apart by their dashes
};

struct Panel {
    std::string series;
    std::vector<Curve> curves;
};

using Visit = std::function<void(const nlohmann::ordered_json& event)>;
/// Visits all events of a log in their order.
using Events = std::function<void(const Visit& visit)>;

/// The panels' curves. Curves keep the order of first use, but names that differ in a number alone
/// are in the order of the numbers (r=4, 8, 12). Of a whole curve logged several times it is the
/// last one. Throws Error when nothing can be drawn, saying which keys the events have, or when a
/// panel names no series or no whole curve.
std::vector<Panel> make_panels(const Events& events, const FigureOptions& options);

enum class Format { svg, png };

/// The gnuplot program that draws the panels to its standard output: four in a row, with one
/// vertical axis ([0, 1] for accuracies), one legend, the colours of Okabe and Ito and a marker a
/// curve, so that they can be told apart without colour.
std::string gnuplot_program(const std::vector<Panel>& panels, const FigureOptions& options,
                            Format format);

}  // namespace hfc::run
