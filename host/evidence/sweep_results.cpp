#include "host/evidence/sweep_results.h"

#include "base/error.h"
#include "host/evidence/results.h"

#include <algorithm>

namespace hfc::host {
namespace {

namespace fs = std::filesystem;
using evidence::Json;

/// Each setting of a sweep is compared with the first setting.
Json first_settings(const Json&, const Json& first) {
    return first;
}

std::string label_of(const Json& settings, const std::string& label) {
    std::string text = label;
    for (const auto& [name, value] : settings.items()) {
        text += text.empty() ? "" : ", ";
        text += fmt::format("{}={}", name, evidence::text_of(value));
    }
    return text;
}

std::vector<evidence::FinishedRun> runs_of(const std::vector<FinishedItem>& items) {
    std::vector<evidence::FinishedRun> runs;
    std::ranges::transform(items, std::back_inserter(runs), &FinishedItem::run);
    return runs;
}

}  // namespace

std::vector<evidence::Sample> samples_of(const std::vector<FinishedItem>& items,
                                         const std::string& label) {
    std::vector<evidence::Sample> samples;
    for (const auto& [item, run, directory] : items) {
        evidence::Sample sample{
            .settings = Json::object(), .seed = item.seed, .tables = run.tables};
        if (!label.empty()) {
            sample.settings["source"] = label;
        }
        sample.settings.update(item.settings);
        samples.push_back(std::move(sample));
    }
    return samples;
}

std::vector<evidence::RunCurves> curves_of(const std::vector<FinishedItem>& items,
                                           const std::string& label) {
    std::vector<evidence::RunCurves> curves;
    for (const auto& [item, run, directory] : items) {
        if (!directory.empty()) {
            curves.push_back({label_of(item.settings, label), run::read_events(directory)});
        }
    }
    return curves;
}

std::vector<evidence::JoinedTable> write_joined_tables(const fs::path& sweep,
                                                       const SweepSettings& settings) {
    const auto items = finished_items(sweep, settings);
    auto tables = evidence::join(samples_of(items, ""));
    write_tables(sweep, tables, first_settings);
    if (!items.empty()) {
        make_folder(sweep / "rows");
        write_file(sweep / "rows" / "runs.csv", evidence::to_csv(runs_of(items)));
    }
    return tables;
}

void write_joined_figures(const fs::path& sweep, const SweepSettings& settings) {
    const auto items = finished_items(sweep, settings);
    write_figures(sweep, band_figures(curves_of(items, ""), evidence::Labels::panels));
}

}  // namespace hfc::host
