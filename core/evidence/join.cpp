#include "evidence/join.h"

#include "base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <set>

namespace hfc::evidence {
namespace {

constexpr const char* row_number = "row";

/// One table of one run.
struct Source {
    const Sample* sample;
    run::Rows rows;
};

std::vector<std::string> columns_of(const std::vector<Source>& sources) {
    std::vector<std::string> columns;
    for (const auto& source : sources) {
        for (const auto& row : source.rows) {
            run::add_columns(row, columns);
        }
    }
    return columns;
}

bool is_numeric(const std::vector<Source>& sources, const std::string& column) {
    return std::ranges::all_of(sources, [&](const Source& source) {
        return std::ranges::all_of(source.rows, [&](const Json& row) {
            return !row.contains(column) || row.at(column).is_number();
        });
    });
}

Json key_of(const Json& row, const std::vector<std::string>& keys) {
    Json key = Json::object();
    for (const auto& name : keys) {
        key[name] = row.contains(name) ? row.at(name) : Json();
    }
    return key;
}

/// The number of different keys of the rows, counted in each run and added up.
size_t count_keys(const std::vector<Source>& sources, const std::vector<std::string>& keys) {
    size_t count = 0;
    for (const auto& source : sources) {
        std::set<std::string> seen;
        for (const auto& row : source.rows) {
            seen.insert(json_text(key_of(row, keys)));
        }
        count += seen.size();
    }
    return count;
}

bool is_unique(const std::vector<Source>& sources, const std::vector<std::string>& keys) {
    size_t rows = 0;
    for (const auto& source : sources) {
        rows += source.rows.size();
    }
    return count_keys(sources, keys) == rows;
}

/// Whether the column contains the same values in all runs. If some settings have several runs, it
/// is enough that runs with equal settings agree.
bool is_same(const std::vector<Source>& sources, const std::string& column) {
    std::map<std::string, std::vector<std::vector<std::string>>> by_settings;
    std::set<std::vector<std::string>> all;
    for (const auto& source : sources) {
        std::vector<std::string> values;
        for (const auto& row : source.rows) {
            values.push_back(json_text(key_of(row, {column})));
        }
        std::ranges::sort(values);
        all.insert(values);
        by_settings[json_text(source.sample->settings)].push_back(std::move(values));
    }
    bool repeated = false;
    for (const auto& [settings, runs] : by_settings) {
        repeated = repeated || runs.size() > 1;
        if (std::ranges::adjacent_find(runs, std::ranges::not_equal_to()) != runs.end()) {
            return false;
        }
    }
    return repeated || all.size() == 1;
}

/// Whether the column is not a measurement and distinguishes rows that have the same keys.
bool is_needed(const std::vector<Source>& sources, std::vector<std::string> keys,
               const std::string& column) {
    const auto before = count_keys(sources, keys);
    keys.push_back(column);
    return count_keys(sources, keys) > before && is_same(sources, column);
}

bool equally_many(const std::vector<Source>& sources) {
    std::map<std::string, size_t> by_settings;
    return std::ranges::all_of(sources, [&](const Source& source) {
        const auto [known, added] =
            by_settings.try_emplace(json_text(source.sample->settings), source.rows.size());
        return added || known->second == source.rows.size();
    });
}

/// Chooses the columns by which rows are matched; returns false if rows cannot be matched.
bool choose_keys(std::vector<Source>& sources, JoinedTable& table) {
    std::vector<std::string> numbers;
    for (const auto& column : columns_of(sources)) {
        (is_numeric(sources, column) ? numbers : table.keys).push_back(column);
    }
    for (const auto& column : numbers) {
        const bool needed = is_needed(sources, table.keys, column);
        (needed ? table.keys : table.values).push_back(column);
    }
    if (is_unique(sources, table.keys)) {
        return true;
    }
    if (!equally_many(sources)) {
        table.note = fmt::format(
            "the rows of table '{}' were not joined: it is not clear which rows of the runs "
            "correspond to each other, and the runs have different numbers of rows",
            table.name);
        return false;
    }
    table.note = fmt::format("the rows of table '{}' are matched by their order", table.name);
    table.keys.emplace_back(row_number);
    for (auto& source : sources) {
        int64_t number = 0;
        for (auto& row : source.rows) {
            row[row_number] = ++number;
        }
    }
    return true;
}

void add_row(const Source& source, const Json& row, JoinedTable& table) {
    auto& joined = table.at(source.sample->settings, key_of(row, table.keys));
    for (size_t v = 0; v < table.values.size(); ++v) {
        const auto found = row.find(table.values[v]);
        if (found == row.end() || !std::isfinite(found->get<double>())) {
            ++joined.cells[v].missing;
        } else {
            joined.cells[v].values.emplace_back(source.sample->seed, found->get<double>());
        }
    }
}

JoinedTable join_table(const std::string& name, const std::vector<Sample>& samples) {
    JoinedTable table;
    table.name = name;
    std::vector<Source> sources;
    for (const auto& sample : samples) {
        run::add_columns(sample.settings, table.settings);
        if (const auto found = sample.tables.find(name); found != sample.tables.end()) {
            sources.push_back({&sample, found->second});
        }
    }
    if (choose_keys(sources, table)) {
        for (const auto& source : sources) {
            for (const auto& row : source.rows) {
                add_row(source, row, table);
            }
        }
        std::vector<Json> order;
        std::ranges::transform(samples, std::back_inserter(order), &Sample::settings);
        table.sort_rows(order);
    }
    return table;
}

}  // namespace

Interval Cell::interval() const {
    if (values.empty()) {
        return {.mean = NAN, .low = NAN, .high = NAN, .n = 0};
    }
    std::vector<double> numbers;
    for (const auto& [seed, value] : values) {
        numbers.push_back(value);
    }
    return mean_interval(numbers);
}

namespace {

std::string place_of(const Json& settings, const Json& key) {
    return json_text(settings) + json_text(key);
}

}  // namespace

JoinedRow& JoinedTable::at(const Json& row_settings, const Json& key) {
    const auto [found, added] = index_.try_emplace(place_of(row_settings, key), rows.size());
    if (added) {
        rows.push_back({row_settings, key, std::vector<Cell>(values.size())});
    }
    return rows[found->second];
}

const JoinedRow* JoinedTable::find(const Json& row_settings, const Json& key) const {
    const auto found = index_.find(place_of(row_settings, key));
    return found == index_.end() ? nullptr : &rows[found->second];
}

/// Groups the runs by setting, in the order in which the settings first occur.
void JoinedTable::sort_rows(const std::vector<Json>& settings_in_order) {
    std::ranges::stable_sort(rows, {}, [&](const JoinedRow& row) {
        return std::ranges::find(settings_in_order, row.settings) - settings_in_order.begin();
    });
    for (size_t i = 0; i < rows.size(); ++i) {
        index_[place_of(rows[i].settings, rows[i].key)] = i;
    }
}

std::vector<JoinedTable> join(const std::vector<Sample>& samples) {
    std::vector<JoinedTable> tables;
    std::set<std::string, NaturalOrder> names;
    for (const auto& sample : samples) {
        for (const auto& [name, rows] : sample.tables) {
            names.insert(name);
        }
    }
    for (const auto& name : names) {
        tables.push_back(join_table(name, samples));
    }
    return tables;
}

std::vector<Difference> differences(const JoinedTable& table, Baseline baseline_of) {
    std::vector<Difference> found;
    for (const auto& row : table.rows) {
        const auto settings = baseline_of(row.settings, table.rows.front().settings);
        const auto* baseline = settings == row.settings ? nullptr : table.find(settings, row.key);
        for (size_t v = 0; baseline != nullptr && v < table.values.size(); ++v) {
            std::vector<double> a, b;
            for (const auto& [seed, value] : row.cells[v].values) {
                const auto partner = std::ranges::find(baseline->cells[v].values, seed,
                                                       &std::pair<std::string, double>::first);
                if (partner != baseline->cells[v].values.end()) {
                    a.push_back(value);
                    b.push_back(partner->second);
                }
            }
            if (!a.empty()) {
                found.push_back({row.settings, baseline->settings, row.key, table.values[v],
                                 paired_difference(a, b)});
            }
        }
    }
    return found;
}

}  // namespace hfc::evidence
