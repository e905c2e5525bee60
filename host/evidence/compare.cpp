#include "host/evidence/compare.h"

#include "base/error.h"
#include "base/file_name.h"
#include "base/utf8.h"
#include "host/evidence/results.h"
#include "host/evidence/sweep_options.h"
#include "host/evidence/sweep_results.h"
#include "run/directory.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using evidence::Json;
using evidence::text_of;

constexpr const char* source_column = "source";

/// One run or one sweep, and what is known of it.
struct Source {
    std::string label;
    std::vector<FinishedItem> items;
    std::map<std::string, std::string, NaturalOrder> settings;
};

struct CompareOptions {
    std::vector<std::string> paths;
    std::string out;
};

class Usage : public CLI::Formatter {
    std::string make_usage(const CLI::App*, std::string) const override {
        return "Usage: hfc-host compare RUN_OR_SWEEP RUN_OR_SWEEP... [options]\n";
    }
};

constexpr const char* notes = R"text(
Prints the settings that differ, the tables side by side and the differences from the first
one, in pairs by seed, with their 95 % intervals. The same tables and figures with all curves
are written to a directory.

Examples:
  hfc-host compare runs/heuristics-20260102-030405 runs/heuristics-20260102-040506
  hfc-host compare sweeps/a sweeps/b --out comparison

Exit status: 0; 2 after wrong use.)text";

CompareOptions parse(const std::vector<std::string>& words) {
    CompareOptions options;
    CLI::App app("Compares runs and sweeps.", "hfc-host compare");
    app.formatter(std::make_shared<Usage>());
    app.footer(notes);
    app.add_option("RUN_OR_SWEEP", options.paths, "run directories or directories of sweeps");
    app.add_option("--out", options.out, "directory to write to (else comparisons/NAMES-date-time)")
        ->type_name("DIR");
    std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 takes a vector
    try {
        app.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        throw CommandExit{0, app.help()};
    } catch (const CLI::ParseError& error) {
        throw CommandExit{
            2, fmt::format("hfc-host compare: {}; see hfc-host compare --help", error.what())};
    }
    if (options.paths.size() < 2) {
        throw CommandExit{2, fmt::format("hfc-host compare: give two or more runs or sweeps, got "
                                         "{}; see hfc-host compare --help",
                                         options.paths.size())};
    }
    return options;
}

/// What config.json says that can explain a difference: not the directory and the time.
void add_settings(const Json& config, Source& source) {
    const auto options = config.contains("options") ? config.at("options") : Json::object();
    for (const auto& [name, value] : run::flat_options(options)) {
        auto& text = source.settings["option " + name];
        const auto now = text_of(value);
        text = text.empty() || text == now ? now : text + ", " + now;
    }
    for (const char* key : {"name", "device", "threads"}) {
        if (config.contains(key)) {
            source.settings[key] = text_of(config.at(key));
        }
    }
    if (config.contains("versions")) {
        for (const auto& [name, value] : config.at("versions").items()) {
            source.settings["version of " + name] = text_of(value);
        }
    }
}

Source read_run(const fs::path& path) {
    require(run::is_run_directory(path),
            "'{}' is neither a run directory (with config.json and metrics.jsonl) nor a sweep "
            "(with sweep.json)",
            path.string());
    Source source;
    const auto config = run::read_config(path);
    add_settings(config, source);
    FinishedItem item;
    item.item.settings = Json::object();
    const auto seed = source.settings.find("option seed");
    item.item.seed = seed == source.settings.end() ? "" : seed->second;
    item.run.tables = run::read_tables(path);
    item.directory = path;
    source.items.push_back(std::move(item));
    return source;
}

/// All values of an option in the runs of a sweep, each once.
void add_sweep_settings(const FinishedItem& item,
                        std::map<std::string, std::vector<std::string>, NaturalOrder>& all) {
    Source one;
    if (!item.directory.empty()) {
        add_settings(run::read_config(item.directory), one);
    }
    if (!item.item.seed.empty()) {
        one.settings["option seed"] = item.item.seed;
    }
    for (const auto& [name, value] : one.settings) {
        auto& values = all[name];
        if (std::ranges::find(values, value) == values.end()) {
            values.push_back(value);
        }
    }
}

Source read_one_sweep(const fs::path& path) {
    Source source;
    const auto settings = read_sweep(path);
    source.items = finished_items(path, settings);
    require(!source.items.empty(), "no run of the sweep '{}' has finished", path.string());
    std::map<std::string, std::vector<std::string>, NaturalOrder> all;
    for (const auto& item : source.items) {
        add_sweep_settings(item, all);
    }
    for (const auto& [name, values] : all) {
        source.settings[name] = fmt::format("{}", fmt::join(values, ", "));
    }
    source.settings["commit"] = settings.commit;
    return source;
}

/// The last directories of the paths; with as many of those above as tell them apart.
std::vector<std::string> labels_of(const std::vector<fs::path>& paths) {
    for (size_t parts = 1; parts < 16; ++parts) {
        std::vector<std::string> labels;
        for (const auto& path : paths) {
            auto label = path.filename();
            auto above = path.parent_path();
            for (size_t i = 1; i < parts && above.has_filename(); ++i) {
                label = above.filename() / label;
                above = above.parent_path();
            }
            labels.push_back(to_utf8(label.string()));
        }
        auto sorted = labels;
        std::ranges::sort(sorted);
        if (std::ranges::adjacent_find(sorted) == sorted.end()) {
            return labels;
        }
    }
    fail("the same directory is given twice");
}

std::vector<Source> read_sources(const std::vector<std::string>& given) {
    std::vector<fs::path> paths;
    for (const auto& path : given) {
        std::error_code error;
        require(fs::is_directory(path, error), "there is no directory '{}'", path);
        paths.push_back(fs::canonical(path));
    }
    const auto labels = labels_of(paths);
    std::vector<Source> sources;
    for (size_t i = 0; i < paths.size(); ++i) {
        sources.push_back(is_sweep(paths[i]) ? read_one_sweep(paths[i]) : read_run(paths[i]));
        sources.back().label = labels[i];
    }
    return sources;
}

/// The settings that are not the same in all sources.
run::Rows settings_that_differ(const std::vector<Source>& sources) {
    std::map<std::string, std::vector<std::string>, NaturalOrder> all;
    for (size_t i = 0; i < sources.size(); ++i) {
        for (const auto& [name, value] : sources[i].settings) {
            all.try_emplace(name, sources.size()).first->second[i] = value;
        }
    }
    run::Rows rows;
    for (const auto& [name, values] : all) {
        if (std::ranges::adjacent_find(values, std::ranges::not_equal_to()) == values.end()) {
            continue;
        }
        Json row = {{"setting", name}};
        for (size_t i = 0; i < sources.size(); ++i) {
            row[sources[i].label] = values[i];
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

/// The same settings of the first source.
Json in_first_source(const Json& settings, const Json& first) {
    auto other = settings;
    other[source_column] = first.at(source_column);
    return other;
}

/// The numbers of all sources side by side: a row for each key and column.
run::Rows side_by_side(const evidence::JoinedTable& table, const std::vector<Source>& sources) {
    run::Rows rows;
    std::map<std::string, size_t> places;
    for (const auto& joined : table.rows) {
        for (size_t v = 0; v < table.values.size(); ++v) {
            auto row = joined.settings;
            const auto label = row.at(source_column).get<std::string>();
            row.erase(source_column);
            row.update(joined.key);
            row["value"] = table.values[v];
            const auto [place, added] = places.try_emplace(json_text(row), rows.size());
            if (added) {
                for (const auto& source : sources) {
                    row[source.label] = Json();
                }
                rows.push_back(std::move(row));
            }
            const auto interval = joined.cells[v].interval();
            auto text = evidence::to_text(interval);
            text += interval.n > 1 ? fmt::format(" (n = {})", interval.n) : "";
            rows[place->second][label] = text;
        }
    }
    return rows;
}

void print_rows(const std::string& title, const run::Rows& rows) {
    if (!rows.empty()) {
        fmt::print("\n{}\n\n{}", title, run::to_markdown(rows));
    }
}

void print_table(const evidence::JoinedTable& table, const std::vector<Source>& sources) {
    if (!table.note.empty()) {
        fmt::print("\n{}\n", table.note);
    }
    print_rows(fmt::format("{}: mean ± half of the 95 % interval", table.name),
               side_by_side(table, sources));
    print_rows(
        fmt::format("{}: differences from {}, in pairs by seed", table.name, sources[0].label),
        readable_differences(differences(table, in_first_source)));
}

fs::path output_directory(const CompareOptions& options, const std::vector<Source>& sources) {
    run::Made made;
    const auto name = file_name_of(sources[0].label + "-" + sources[1].label);
    const auto directory = options.out.empty() ? run::default_directory(name, made, "comparisons")
                                               : run::chosen_directory(options.out, made);
    made.keep();
    return directory;
}

}  // namespace

int compare(const std::vector<std::string>& words) {
    const auto options = parse(words);
    const auto sources = read_sources(options.paths);
    std::vector<evidence::Sample> samples;
    std::vector<evidence::RunCurves> curves;
    for (const auto& source : sources) {
        std::ranges::move(samples_of(source.items, source.label), std::back_inserter(samples));
        std::ranges::move(curves_of(source.items, source.label), std::back_inserter(curves));
    }
    const auto tables = evidence::join(samples);
    const auto different = settings_that_differ(sources);
    print_rows("settings that differ", different);
    if (different.empty()) {
        fmt::print("all settings are the same\n");
    }
    for (const auto& table : tables) {
        print_table(table, sources);
    }
    const auto directory = output_directory(options, sources);
    write_tables(directory, tables, in_first_source);
    if (!different.empty()) {
        write_file(directory / "settings.csv", run::to_csv(different), Sync::no);
        write_file(directory / "settings.md", run::to_markdown(different), Sync::no);
    }
    write_figures(directory, band_figures(curves, evidence::Labels::curves));
    fmt::print("\ntables and figures in '{}'\n", directory.string());
    return 0;
}

}  // namespace hfc::host
