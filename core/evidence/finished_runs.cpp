#include "evidence/finished_runs.h"

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "evidence/json.h"
#include "run/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace hfc::evidence {
namespace {

constexpr const char* row_column = "row";

/// The columns that identify a run.
constexpr std::array<std::pair<const char*, std::string FinishedRun::*>, 6> run_columns = {{
    {"settings", &FinishedRun::settings},
    {"options", &FinishedRun::options},
    {"seed", &FinishedRun::seed},
    {"commit", &FinishedRun::commit},
    {"device", &FinishedRun::device},
    {"threads", &FinishedRun::threads},
}};

size_t most_rows(const FinishedRun& run) {
    size_t most = 1;
    for (const auto& [name, rows] : run.tables) {
        most = std::max(most, rows.size());
    }
    return most;
}

void add_lines(const FinishedRun& run, run::Rows& lines) {
    for (size_t r = 0; r < most_rows(run); ++r) {
        Json line = Json::object();
        for (const auto& [name, member] : run_columns) {
            line[name] = run.*member;
        }
        line[row_column] = r + 1;
        for (const auto& [table, rows] : run.tables) {
            const Json row = r < rows.size() ? rows[r] : Json::object();
            for (const auto& [column, value] : row.items()) {
                line[fmt::format("{}:{}", table, column)] = value;
            }
        }
        lines.push_back(std::move(line));
    }
}

bool is_same_run(const FinishedRun& a, const FinishedRun& b) {
    return a.settings == b.settings && a.seed == b.seed;
}

/// The positions of `run_columns` in the header.
std::vector<size_t> places_in(const std::vector<std::string>& header, const std::string& source) {
    std::vector<size_t> places;
    for (const auto& [name, member] : run_columns) {
        const auto found = std::ranges::find(header, name);
        require(found != header.end(),
                "'{}' contains no finished runs: its first line has no column '{}'", source, name);
        places.push_back(static_cast<size_t>(found - header.begin()));
    }
    return places;
}

void take_cells(const std::vector<std::string>& header, const std::vector<std::string>& line,
                const Json& numbers, FinishedRun& run) {
    std::map<std::string, Json> rows;
    for (size_t c = 0; c < std::min(header.size(), line.size()); ++c) {
        const auto colon = header[c].find(':');
        if (colon != std::string::npos && !line[c].empty()) {
            auto& row = rows.try_emplace(header[c].substr(0, colon), Json::object()).first->second;
            row[header[c].substr(colon + 1)] = numbers.at(header[c]);
        }
    }
    for (auto& [table, row] : rows) {
        run.tables[table].push_back(std::move(row));
    }
}

}  // namespace

std::string settings_hash(const Json& settings) {
    const auto text = json_text(nlohmann::json::parse(json_text(settings)));  // sorts the keys
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return fmt::format("{:016x}", hash);
}

std::string to_csv(const std::vector<FinishedRun>& runs) {
    run::Rows lines;
    for (const auto& run : runs) {
        add_lines(run, lines);
    }
    return run::to_csv(lines);
}

std::vector<FinishedRun> finished_runs_from_csv(const std::string& text,
                                                const std::string& source) {
    const auto lines = run::parse_csv(text);
    require(!lines.empty(), "'{}' contains no finished runs: it is empty", source);
    const auto places = places_in(lines[0], source);
    const auto rows = run::rows_from_csv(text);
    std::vector<FinishedRun> runs;
    for (size_t i = 1; i < lines.size(); ++i) {
        FinishedRun run;
        for (size_t c = 0; c < run_columns.size(); ++c) {
            // As strings, because a hash that consists only of digits is not a number.
            run.*run_columns[c].second = places[c] < lines[i].size() ? lines[i][places[c]] : "";
        }
        require(!run.settings.empty(), "'{}': line {} has no settings", source, i + 1);
        auto known = std::ranges::find_if(
            runs, [&](const FinishedRun& other) { return is_same_run(other, run); });
        if (known == runs.end()) {
            known = runs.insert(runs.end(), std::move(run));
        }
        take_cells(lines[0], lines[i], rows[i - 1], *known);
    }
    return runs;
}

size_t add_finished_runs(const std::filesystem::path& path, const std::vector<FinishedRun>& runs) {
    std::vector<FinishedRun> all;
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
        all = finished_runs_from_csv(read_file(path, uint64_t{256} << 20), path.string());
    }
    const auto before = all.size();
    for (const auto& run : runs) {
        if (std::ranges::none_of(all, [&](const auto& known) { return is_same_run(known, run); })) {
            all.push_back(run);
        }
    }
    if (all.size() > before) {
        write_file(path, to_csv(all));
    }
    return all.size() - before;
}

}  // namespace hfc::evidence
