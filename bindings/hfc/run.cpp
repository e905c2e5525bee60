// hfc.run and the types Run and Series.
#include "bindings/hfc/run.h"
#include "run/run.h"

#include "base/device.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "bindings/hfc/figure_files.h"
#include "bindings/hfc/json.h"
#include "bindings/hfc/log.h"
#include "bindings/hfc/number_list.h"
#include "bindings/hfc/register.h"
#include "bindings/hfc/versions.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "parallel/group.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace hfc::lua {
namespace {

using RunPtr = std::shared_ptr<run::Run>;

std::string latest_directory;

RunPtr self_run(Call& call) {
    return call.argument(1, "run").object<RunPtr>();
}

run::Json table_argument(Call& call, int position, const char* parameter) {
    if (!lua_istable(call.L, position)) {
        call.argument(position, parameter).expected("a table");
    }
    return to_json(call.L, position);
}

/// Rank 0 creates the run and sends its directory to the other processes of the job.
RunPtr begin_run(run::RunOptions& options) {
    auto& group = parallel::world();
    if (group.size() > 1) {
        options.config["processes"] = group.size();
    }
    RunPtr made = group.leads() ? std::make_shared<run::Run>(options) : nullptr;
    const auto where = group.broadcast_text(made ? made->directory().string() : "");
    if (!made) {
        options.out = where;
        options.silent = true;
        made = std::make_shared<run::Run>(options);
    }
    return made;
}

int make_run(Call& call) {
    call.at_most(2);
    const auto& info = host_info(call.L);
    require(info.plan.empty(),
            "the script calls hfc.run before hfc.options, so the sweep cannot find the script's "
            "options");
    run::RunOptions options;
    options.name = call.argument(1, "name").text();
    options.out = info.out;
    options.resume = info.resume;
    options.draws = info.draws;
    options.script = info.script;
    options.config["name"] = options.name;
    options.config["options"] =
        call.given(2) ? table_argument(call, 2, "options") : run::Json::object();
    options.config["command_line"] = info.command_line;
    if (!std::ranges::all_of(info.command_line, is_utf8)) {
        // JSON cannot contain bytes that are not UTF-8, but --resume needs the exact names.
        auto& hex = options.config["command_line_hex"] = run::Json::array();
        std::ranges::transform(info.command_line, std::back_inserter(hex), to_hex);
    }
    std::error_code error;
    if (const auto directory = std::filesystem::current_path(error).string(); is_utf8(directory)) {
        options.config["working_directory"] = directory;  // the script's path may be relative to it
    }
    options.config["device"] = default_device().str();
    options.config["threads"] = at::get_num_threads();
    options.config["versions"] = run::Json::object();
    for (const auto& [library, version] : versions()) {
        options.config["versions"][library] = version;
    }
    auto made = begin_run(options);
    latest_directory = made->directory();
    return call.returns_object(made);
}

int log_event(Call& call) {
    self_run(call)->log(table_argument(call, 2, "event"));
    return 0;
}

int series(Call& call) {
    const auto value = call.argument(2, "name");
    const std::string name = value.text();
    require(!name.empty(), "{}: expected a name, got an empty string", value.name());
    return call.returns_object(Series{self_run(call), name});
}

int log_series(Call& call) {
    const auto target = call.argument(1, "series").object<Series>();
    const auto event = table_argument(call, 2, "event");
    require(event.is_object(), "{}: expected a table with names as keys",
            call.argument(2, "event").name());
    log_to(target, event);
    return 0;
}

/// Puts the listed columns first, in the order of the list, because Lua tables have no order.
run::Json in_order(const run::Json& row, const std::vector<std::string>& columns) {
    run::Json ordered = run::Json::object();
    for (const auto& column : columns) {
        if (row.contains(column)) {
            ordered[column] = row[column];
        }
    }
    for (const auto& [column, value] : row.items()) {
        ordered[column] = value;
    }
    return ordered;
}

int row(Call& call) {
    call.at_most(5);
    auto given = table_argument(call, 3, "row");
    if (call.given(5)) {
        const auto result = table_argument(call, 5, "result");
        require(given.is_object() && (result.is_object() || result.empty()),
                "{}: expected a table {{column = value, ...}}, like {}",
                call.argument(5, "result").name(), call.argument(3, "row").name());
        given.insert(result.begin(), result.end());  // columns already in the row are kept
    }
    const bool ordered = call.given(4) && given.is_object() && !given.empty();
    self_run(call)->row(call.argument(2, "table").text(),
                        ordered ? in_order(given, call.argument(4, "columns").texts()) : given);
    return 0;
}

int curve(Call& call) {
    call.at_most(4);
    const auto run = self_run(call);
    const std::string name = call.argument(2, "name").text();
    run::WholeCurve curve;
    curve.y = number_list(call.L, call.argument(3, "values"));
    auto options = call.options(4);
    run::Json event = run::Json::object();
    options.with("series", [&](const Value& value) { event["series"] = value.text(); });
    options.with("epoch", [&](const Value& value) { event["epoch"] = value.integer(); });
    options.with("x", [&](const Value& value) { curve.x = number_list(call.L, value); });
    curve.x_name = options.text("x_name", "");
    options.finish();
    run->curve(name, curve, event);
    return 0;
}

int plot(Call& call) {
    const std::string figure = call.argument(2, "figure").text();
    auto options = call.options(3);
    run::FigureOptions settings;
    settings.x = options.text("x", settings.x);
    settings.y = options.text("y", settings.y);
    settings.panels = options.texts("panels", {});
    settings.curves = options.texts("curves", {});
    settings.title = options.text("title", "");
    settings.x_name = options.text("x_name", "");
    settings.y_name = options.text("y_name", "");
    settings.log = options.text("log", "");
    require(
        settings.log.empty() || settings.log == "x" || settings.log == "y" || settings.log == "xy",
        "option 'log': expected \"x\", \"y\" or \"xy\", got '{}'", settings.log);
    settings.width = options.number("width", 0);
    settings.font_size = options.number("font_size", 0);
    options.finish();
    return call.returns(figure_files(call.L, "run:plot", self_run(call)->plot(figure, settings)));
}

int directory(Call& call) {
    return call.returns(self_run(call)->directory().string());
}

const std::vector<Declaration> run_declarations = {
    {"hfc.run", make_run,
     "hfc.run(name, options) -> Run\n\n"
     "Creates a run directory: --out DIR, or runs/NAME-date-time. It contains config.json (the "
     "options, seed, versions, device, command line), a copy of the script, metrics.jsonl (one "
     "event per line, flushed immediately), tables (CSV, Markdown) and figures (SVG, PNG). An "
     "earlier run is never overwritten. To continue an earlier run, use `hfc-host --resume DIR`.\n"
     "With several processes (see hfc.parallel), all processes must call this function, but only "
     "rank 0 writes.\n"
     "Errors: a directory that is not empty or cannot be written to."},
    {"Run:log", log_event,
     "run:log {epoch = 1, accuracy = 0.5}\n\n"
     "Appends an event to metrics.jsonl. Errors: a full disk."},
    {"Run:series", series,
     "run:series(name) -> Series\n\n"
     "Returns a named series of events. Pass the series to hfc.train as the option `log`; to plot "
     "it, list its name in the option `panels` of run:plot."},
    {"Series:log", log_series,
     "series:log {epoch = 1, accuracy = 0.5}\n\nAppends an event of this series to the run's log."},
    {"Run:row", row,
     "run:row(table, {column = value, ...}, {\"column\", ...}, result)\n\n"
     "Adds a row to a table. TABLE.csv is updated immediately; TABLE.md may lag behind until the "
     "run ends. The third argument lists the columns that come first. result: another table that "
     "maps columns to values, such as history:last(). It fills in columns that the row does not "
     "contain."},
    {"Run:plot", plot,
     "run:plot(figure, {x = \"epoch\", y = \"accuracy\", panels = {...}, curves = {...}, title = "
     "\"\", x_name = \"\", y_name = \"\", log = \"\", width = mm, font_size = points}) -> list of "
     "paths\n\n"
     "Plots the logged events and writes FIGURE.svg, FIGURE.png and FIGURE.pdf, with one panel per "
     "series and one curve per value. A value that is not finite breaks its curve, and so does an "
     "x that is smaller than the previous x. y: the key of a number, or of a table of numbers (one "
     "curve per number).\n"
     "curves: the names of curves logged by run:curve, to draw instead of `y`. There is one panel "
     "per name, with the latest curve of each series. By default, the x axis is labelled with the "
     "x_name of run:curve.\n"
     "x_name, y_name: the axis labels (default the keys). log: the logarithmic axes, \"x\", \"y\" "
     "or \"xy\". width, font_size: as for run:chart.\n"
     "If gnuplot is not installed, or in the sandbox, the programs FIGURE.svg.gp, FIGURE.png.gp "
     "and FIGURE.pdf.gp are written instead, with a message on standard error. To draw a figure "
     "elsewhere, use `gnuplot FIGURE.png.gp > FIGURE.png`.\n"
     "Errors: nothing to draw, an unknown series or curve."},
    {"Run:curve", curve,
     "run:curve(name, values, {x = {0, 1, ...}, x_name = \"\", epoch = n, series = text})\n\n"
     "Logs a whole curve, such as the radial spectrum of a gradient, as one event. The viewer "
     "shows one panel per name, with the latest curve and, drawn fainter, the curves of earlier "
     "epochs. To plot curves, use run:plot with its `curves` option.\n"
     "values, x: Tensors with one dimension or lists of at most 65536 numbers.\n"
     "Errors: different numbers of values and x, no values, an x that is not finite."},
    {"Run:directory", directory,
     "run:directory() -> string\n\n"
     "Returns the path of the run directory."},
};

int run_text(lua_State* L) {
    return guarded(L, "tostring", [&] {
        push(L, fmt::format("Run {}", Value(L, 1, "run").object<RunPtr>()->directory().string()));
        return 1;
    });
}

}  // namespace

const std::string& latest_run_directory() {
    return latest_directory;
}

namespace detail {

void register_run(lua_State* L) {
    register_type<RunPtr>(L);
    register_type<Series>(L);
    declare(L, run_declarations);
    set_metamethod(L, "Run", "__tostring", run_text);
}

}  // namespace detail
}  // namespace hfc::lua
