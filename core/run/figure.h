// Figures of what a run has logged: which curves they show. Pure functions of the events.
#pragma once

#include "plot/chart.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace hfc::run {

/// A figure of curves, one panel a series.
struct FigureOptions {
    std::string x = {};  ///< key of the horizontal axis in the events; empty: "epoch"
    std::string y = {};  ///< key of the vertical axis, empty: "accuracy". Under it is a number (one
                         ///< curve) or an object of numbers (one curve a key)
    std::vector<std::string> panels = {};  ///< series, each in a panel of its own; empty: all
    std::vector<std::string> curves = {};  ///< instead: names of whole curves (Run::curve), each in
                                           ///< a panel of its own with a curve a series
    std::string title = {};
    std::string x_name = {};  ///< at the axis; empty: the key, or the x_name of the whole curve
    std::string y_name = {};
    std::string log = {};  ///< axes that are logarithmic: "", "x", "y" or "xy"
    double width = 0;      ///< as in plot::Chart
    double font_size = 0;
};

using Visit = std::function<void(const nlohmann::ordered_json& event)>;
/// Visits all events of a log in their order.
using Events = std::function<void(const Visit& visit)>;

/// The panels' curves. Curves keep the order of first use, but names that differ in a number alone
/// are in the order of the numbers (r=4, 8, 12). Of a whole curve logged several times it is the
/// last one. A value that is not finite (null in the log) is a point whose y is NaN. Throws Error
/// when nothing can be drawn, saying which keys the events have, or when a panel names no series or
/// no whole curve.
std::vector<plot::Panel> make_panels(const Events& events, const FigureOptions& options);

/// These panels with the names and scales of their axes.
plot::Chart make_chart(std::vector<plot::Panel> panels, const FigureOptions& options);

}  // namespace hfc::run
