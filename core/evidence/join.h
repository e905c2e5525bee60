// Joins the equally named tables of several runs: rows that stand for the same thing become one row
// with means and intervals.
#pragma once

#include "evidence/json.h"
#include "evidence/statistics.h"
#include "run/stored_run.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::evidence {

/// What is joined of one run.
struct Sample {
    Json settings = Json::object();  ///< what varies between the runs, but not their seed
    std::string seed;                ///< "" for a run without one
    run::Tables tables;
};

/// One number of a table in all runs of equal settings.
struct Cell {
    std::vector<std::pair<std::string, double>> values;  ///< by seed, in the order of the runs
    size_t missing = 0;  ///< runs that have the row, but no finite number there

    /// Nothing known where there are no values: n is 0.
    Interval interval() const;
};

struct JoinedRow {
    Json settings;
    Json key;
    std::vector<Cell> cells;  ///< one for each of JoinedTable::values
};

struct JoinedTable {
    std::string name;
    std::vector<std::string> settings;  ///< columns
    std::vector<std::string> keys;
    std::vector<std::string> values;
    std::vector<JoinedRow> rows;
    std::string note;  ///< how rows were matched, where that is not plain; empty otherwise

    /// The row of these settings and this key, added where missing.
    JoinedRow& at(const Json& row_settings, const Json& key);
    const JoinedRow* find(const Json& row_settings, const Json& key) const;
    void sort_rows(const std::vector<Json>& settings_in_order);

  private:
    std::map<std::string, size_t> index_;
};

/// Rows are matched by their columns that hold strings. If these are not unique within a run,
/// columns of numbers join them, from left to right, that tell rows apart and are the same in all
/// runs (or in the several runs of each setting); then the order of the rows, if the runs have
/// equally many. A table whose rows cannot be
/// matched has no rows and a note.
std::vector<JoinedTable> join(const std::vector<Sample>& samples);

/// The table with exact numbers: settings, keys, and "NAME mean", "NAME low", "NAME high" and
/// "NAME n" for each column of numbers.
run::Rows to_rows(const JoinedTable& table);

/// The table to be read: "0.812 ± 0.013" for each column of numbers, and n.
run::Rows to_readable_rows(const JoinedTable& table);

/// "0.812 ± 0.013", or the mean alone for n = 1, or "" for n = 0.
std::string to_text(const Interval& interval, bool sign = false);

/// Removes the entries from `settings` that two rows may differ in, to compare them.
using Baseline = Json (*)(const Json& settings, const Json& first);

/// Two settings compared in pairs by seed: other minus baseline.
struct Difference {
    Json settings;
    Json baseline;
    Json key;
    std::string value;  ///< the column
    Interval interval;  ///< n: pairs
};

/// Each row against the row with the same key whose settings are `baseline_of` its own. Rows
/// without such a partner, or without a common seed, are left out.
std::vector<Difference> differences(const JoinedTable& table, Baseline baseline_of);

/// "+0.013 ± 0.007, excludes 0"; "n = 1: no interval".
std::string verdict(const Interval& interval);

}  // namespace hfc::evidence
