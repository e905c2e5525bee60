// Turns the events of a run into the curves of a figure. Pure functions of the events.
#pragma once

#include "plot/chart.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace hfc::run {

/// A figure of curves, with one panel per series.
struct FigureOptions {
    std::string x = {};  ///< key of the horizontal axis in the events; empty means "epoch"
    /// Key of the vertical axis; empty means "accuracy". Its value is a number (one curve) or an
    /// object of numbers (one curve per key).
    std::string y = {};
    std::vector<std::string> panels = {};  ///< series, each in its own panel; empty means all
    /// If not empty, used instead of `y`: the names of whole curves (Run::curve). Each has its own
    /// panel, with one curve per series.
    std::vector<std::string> curves = {};
    std::string title = {};
    std::string x_name = {};  ///< axis label; empty means the key, or the x_name of the whole curve
    std::string y_name = {};
    std::string log = {};  ///< logarithmic axes: "", "x", "y" or "xy"
    double width = 0;      ///< as in plot::Chart
    double font_size = 0;
};

using Visit = std::function<void(const nlohmann::ordered_json& event)>;
/// Visits all events of a log in order.
using Events = std::function<void(const Visit& visit)>;

/// Returns the panels with their curves. Curves are in the order of their first use, but names that
/// differ only in a number are sorted by that number (r=4, 8, 12). If a whole curve was logged
/// several times, its last version is used. A value that is not finite (null in the log) becomes a
/// point whose y is NaN. Throws Error if nothing can be drawn, listing the keys of the events, or
/// if `panels` or `curves` contains an unknown name.
std::vector<plot::Panel> make_panels(const Events& events, const FigureOptions& options);

/// Adds the labels and scales of the axes to the panels.
plot::Chart make_chart(std::vector<plot::Panel> panels, const FigureOptions& options);

}  // namespace hfc::run
