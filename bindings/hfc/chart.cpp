// Run:chart: figures of a script's own numbers.
#include "bindings/hfc/figure_files.h"
#include "bindings/hfc/number_list.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "run/run.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::lua {
namespace {

/// Calls work(options) for each table of the list under `key`; errors name the table.
template <typename Work>
void for_each_table(lua_State* L, Options& options, const char* key, const char* what,
                    const Work& work) {
    options.with(key, [&](const Value& value) {
        const int list = value.index();
        require(lua_istable(L, list) && lua_objlen(L, list) > 0,
                "option '{}': expected a list of tables, one per {}, got {}", key, what,
                lua_istable(L, list) ? "an empty list" : describe(L, list));
        for (int i = 1; i <= static_cast<int>(lua_objlen(L, list)); ++i) {
            lua_rawgeti(L, list, i);
            require(lua_istable(L, -1), "{} {}: expected a table, got {}", what, i,
                    describe(L, -1));
            try {
                Options table(L, lua_gettop(L));
                work(table);
                table.finish();
            } catch (const Error& error) {
                fail("{} {}: {}", what, i, error.what());
            }
            lua_pop(L, 1);
        }
    });
}

std::vector<double> numbers_of(lua_State* L, Options& options, const char* key) {
    std::vector<double> numbers;
    options.with(key, [&](const Value& value) { numbers = number_list(L, value); });
    return numbers;
}

std::optional<std::pair<double, double>> range_of(Options& options, const char* key) {
    const auto bounds = options.numbers(key, {});
    require(bounds.empty() || bounds.size() == 2,
            "option '{}': expected two numbers {{low, high}}, got {}", key, bounds.size());
    return bounds.empty() ? std::nullopt : std::optional(std::pair(bounds[0], bounds[1]));
}

/// Counts the values in each of `bins` equal intervals between the smallest and the largest value.
void read_histogram(lua_State* L, Options& options, plot::Curve& curve) {
    auto values = numbers_of(L, options, "values");
    const auto bins = options.integer("bins", 20);
    require(bins >= 1 && bins <= 10'000, "option 'bins' must be between 1 and 10000, got {}", bins);
    std::erase_if(values, [](double value) { return !std::isfinite(value); });
    require(!values.empty(), "option 'values': a histogram requires at least one finite value");
    const auto [low, high] = std::ranges::minmax(values);
    const double first = high > low ? low : low - 0.5;
    const double width = (high > low ? high - low : 1) / static_cast<double>(bins);
    for (int64_t i = 0; i < bins; ++i) {
        curve.points.emplace_back(first + (static_cast<double>(i) + 0.5) * width, 0);
    }
    for (const double value : values) {
        const auto bin = std::min(static_cast<int64_t>((value - first) / width), bins - 1);
        curve.points[static_cast<size_t>(bin)].second += 1;
    }
    curve.kind = plot::Kind::bars;
}

void read_points(lua_State* L, Options& options, plot::Curve& curve) {
    auto x = numbers_of(L, options, "x");
    const auto y = numbers_of(L, options, "y"), low = numbers_of(L, options, "low"),
               high = numbers_of(L, options, "high");
    require(!y.empty(), "option 'y' is missing or empty: expected a list of numbers or a Tensor");
    const bool counted = x.empty();
    // Bars are drawn at categories from 0.
    const double first = curve.kind == plot::Kind::bars ? 0 : 1;
    x.resize(counted ? y.size() : x.size());
    for (size_t i = 0; counted && i < y.size(); ++i) {
        x[i] = first + static_cast<double>(i);
    }
    require(x.size() == y.size(),
            "options 'x' and 'y' must have the same number of values, got {} and {}", x.size(),
            y.size());
    require(low.size() == high.size() && (low.empty() || low.size() == y.size()),
            "options 'low' and 'high' must contain as many numbers as 'y' ({}), got {} and {}",
            y.size(), low.size(), high.size());
    for (size_t i = 0; i < y.size(); ++i) {
        require(std::isfinite(x[i]), "option 'x' must be finite, got {}", x[i]);
        curve.points.emplace_back(x[i], y[i]);
        if (!low.empty()) {
            curve.band.emplace_back(low[i], high[i]);
        }
    }
}

plot::Curve read_mark(lua_State* L, Options& options) {
    const std::vector<std::string> kinds = {"line", "points", "bars", "histogram"};
    const auto kind = options.text("kind", "line");
    plot::Curve curve;
    curve.name = options.text("name", "");
    if (kind == "histogram") {
        read_histogram(L, options, curve);
        return curve;
    }
    const auto found = std::ranges::find(kinds, kind);
    require(found != kinds.end(),
            "option 'kind': expected line, points, bars or histogram, got '{}'{}", kind,
            did_you_mean(kind, kinds));
    curve.kind = static_cast<plot::Kind>(found - kinds.begin());
    read_points(L, options, curve);
    return curve;
}

plot::ColourMap read_map(lua_State* L, const Value& value) {
    require(lua_istable(L, value.index()), "option 'map': expected a table with 'values', got {}",
            describe(L, value.index()));
    Options options(L, value.index());
    plot::ColourMap map;
    options.with("values", [&](const Value& values) {
        const auto* const given = to_tensor(L, values.index());
        require(given != nullptr, "option 'map': 'values' must be a Tensor [H, W], got {}",
                describe(L, values.index()));
        const auto tensor = given->detach();
        require(
            tensor.dim() == 2 && tensor.numel() > 0 && tensor.numel() <= 1 << 20,
            "option 'map': 'values' must be a Tensor [H, W] with 1 to 1048576 numbers, got [{}]",
            fmt::join(tensor.sizes(), ", "));
        const auto flat = tensor.to(at::kCPU, at::kDouble).contiguous();
        map.columns = static_cast<size_t>(flat.size(1));
        map.values.assign(flat.const_data_ptr<double>(),
                          flat.const_data_ptr<double>() + flat.numel());
    });
    require(!map.values.empty(), "option 'map': 'values' is missing: expected a Tensor [H, W]");
    map.x = range_of(options, "x").value_or(map.x);
    map.y = range_of(options, "y").value_or(map.y);
    map.range = range_of(options, "range");
    map.name = options.text("name", "");
    options.finish();
    return map;
}

plot::Panel read_panel(lua_State* L, Options& options) {
    plot::Panel panel;
    panel.title = options.text("title", "");
    panel.x.name = options.text("x_name", "");
    panel.y.name = options.text("y_name", "");
    const auto log = options.text("log", "");
    require(log.empty() || log == "x" || log == "y" || log == "xy",
            "option 'log': expected \"x\", \"y\" or \"xy\", got '{}'", log);
    panel.x.log = log.starts_with('x');
    panel.y.log = log.ends_with('y');
    panel.x.range = range_of(options, "x_range");
    panel.y.range = range_of(options, "y_range");
    panel.x.categories = options.texts("categories", {});
    for_each_table(L, options, "marks", "mark",
                   [&](Options& mark) { panel.curves.push_back(read_mark(L, mark)); });
    for_each_table(L, options, "notes", "note", [&](Options& note) {
        panel.notes.push_back({note.number("x", 0), note.number("y", 0), note.text("text", "")});
    });
    options.with("map", [&](const Value& value) { panel.map = read_map(L, value); });
    require(!panel.curves.empty() || panel.map, "nothing to draw: set option 'marks' or 'map'");
    return panel;
}

int chart(Call& call) {
    call.at_most(3);
    const auto run = call.argument(1, "run").object<std::shared_ptr<run::Run>>();
    const std::string figure = call.argument(2, "figure").text();
    auto options = call.options(3);
    plot::Chart chart;
    for_each_table(call.L, options, "panels", "panel",
                   [&](Options& panel) { chart.panels.push_back(read_panel(call.L, panel)); });
    const auto across = options.integer("columns", 4);
    require(across >= 1 && across <= 16, "option 'columns' must be between 1 and 16, got {}",
            across);
    chart.across = static_cast<size_t>(across);
    chart.width = options.number("width", 0);
    chart.font_size = options.number("font_size", 0);
    if (chart.panels.empty()) {
        chart.panels.push_back(read_panel(call.L, options));
    } else {
        chart.title = options.text("title", "");
    }
    options.finish();
    return call.returns(figure_files(call.L, "run:chart", run->chart(figure, chart)));
}

const std::vector<Declaration> chart_declarations = {
    {"Run:chart", chart,
     "run:chart(figure, {title = \"\", x_name = \"\", y_name = \"\", log = \"\", x_range = {low, "
     "high}, y_range = {low, high}, categories = {...}, marks = {...}, map = {...}, notes = {...}, "
     "panels = {...}, columns = 4, width = mm, font_size = points}) -> list of paths\n\n"
     "Plots the numbers that you pass, and writes FIGURE.svg, FIGURE.png and FIGURE.pdf.\n"
     "marks: a list of {kind = \"line\", name = \"\", x = {1, 2, ...}, y = {...}, low = {...}, "
     "high = {...}}. kind: \"line\", \"points\" (a scatter plot), \"bars\" (x is the category, "
     "counted from 0) or \"histogram\" (with values = {...}, bins = 20). Each list of numbers may "
     "be a Tensor with one dimension. low, high: the ends of intervals, drawn as a band around a "
     "line and as whiskers at points and bars. A value that is not finite breaks a line, and so "
     "does an x that is smaller than the previous x.\n"
     "categories: the names below the bars.\n"
     "map: {values = Tensor [H, W], x = {first, last}, y = {first, last}, range = {low, high}, "
     "name = \"\"}, drawn as colours from the top row down, with a colour bar. x contains the "
     "centres of the first and last columns, and y the centres of the first and last rows.\n"
     "notes: a list of {x, y, text}. Each text is written at the point (x, y), in the units of the "
     "axes.\n"
     "log: the logarithmic axes: \"x\", \"y\" or \"xy\".\n"
     "panels: a list of tables, each with its own `marks` or `map`; it replaces the options "
     "`marks` and `map`. Each table becomes a panel. There are `columns` panels per row and one "
     "legend for all panels.\n"
     "width: the width of the whole figure in mm (most journals have columns of 84 mm). font_size: "
     "the font size in points (default 8 if `width` is given).\n"
     "Errors: lists of different lengths, unknown names, a logarithmic axis without a value above "
     "0, a width that is too small."},
};

}  // namespace

namespace detail {

void register_chart(lua_State* L) {
    declare(L, chart_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
