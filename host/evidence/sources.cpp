#include "host/evidence/sources.h"

#include "base/error.h"
#include "base/file_name.h"
#include "base/utf8.h"
#include "host/evidence/sweep_results.h"
#include "run/differing.h"
#include "run/directory.h"
#include "run/stored_run.h"

#include <algorithm>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using evidence::Json;
using evidence::text_of;

constexpr const char* source_column = "source";

/// Adds the settings from config.json that can explain a difference between runs.
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

/// Adds the settings of one run of a sweep to `all`, each value only once.
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
    source.is_sweep = true;
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

/// The last components of each path, as many as are needed to distinguish the paths.
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

}  // namespace

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
        sources.back().path = paths[i];
    }
    return sources;
}

run::Rows settings_that_differ(const std::vector<Source>& sources) {
    std::vector<run::RunSettings> settings;
    for (const auto& source : sources) {
        settings.emplace_back(source.settings.begin(), source.settings.end());
    }
    const auto found = run::differing(settings);
    run::Rows rows;
    for (size_t i = 0; i < found.names.size(); ++i) {
        Json row = {{"setting", found.names[i]}};
        for (size_t source = 0; source < sources.size(); ++source) {
            row[sources[source].label] = found.values[source][i];
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

fs::path output_directory(const std::string& out, const std::vector<Source>& sources,
                          const char* folder) {
    run::Made made;
    auto name = sources[0].label;
    name += sources.size() > 1 ? "-" + sources[1].label : "";
    const auto directory = out.empty() ? run::default_directory(file_name_of(name), made, folder)
                                       : run::chosen_directory(out, made);
    made.keep();
    return directory;
}

std::vector<evidence::JoinedTable> join_sources(const std::vector<Source>& sources) {
    std::vector<evidence::Sample> samples;
    for (const auto& source : sources) {
        std::ranges::move(samples_of(source.items, source.label), std::back_inserter(samples));
    }
    return evidence::join(samples);
}

std::vector<evidence::BandFigure> source_figures(const std::vector<Source>& sources) {
    std::vector<evidence::RunCurves> curves;
    for (const auto& source : sources) {
        std::ranges::move(curves_of(source.items, source.label), std::back_inserter(curves));
    }
    return band_figures(curves, evidence::Labels::curves);
}

/// Returns `settings` with the source of `first` in place of its own.
Json in_first_source(const Json& settings, const Json& first) {
    auto other = settings;
    other[source_column] = first.at(source_column);
    return other;
}

/// The numbers of all sources side by side, with one row for each key and column.
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

}  // namespace hfc::host
