// Joins tables with the same name from several runs: corresponding rows become one row with means
// and intervals.
#pragma once

#include "evidence/json.h"
#include "evidence/statistics.h"
#include "run/stored_run.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::evidence {

/// The parts of a run that are joined.
struct Sample {
    Json settings = Json::object();  ///< the options that differ between the runs, except the seed
    std::string seed;                ///< "" for a run without one
    run::Tables tables;
};

/// One number of a table, from all runs with the same settings.
struct Cell {
    std::vector<std::pair<std::string, double>> values;  ///< by seed, in the order of the runs
    size_t missing = 0;  ///< runs that have the row but no finite number in it

    /// If there are no values, n is 0 and the other fields have no meaning.
    Interval interval() const;
};

struct JoinedRow {
    Json settings;
    Json key;
    std::vector<Cell> cells;  ///< one per element of JoinedTable::values
};

struct JoinedTable {
    std::string name;
    std::vector<std::string> settings;  ///< columns
    std::vector<std::string> keys;
    std::vector<std::string> values;
    std::vector<JoinedRow> rows;
    std::string note;  ///< how rows were matched, if that is not obvious; otherwise empty

    /// Returns the row with these settings and this key, and adds it if it does not exist.
    JoinedRow& at(const Json& row_settings, const Json& key);
    const JoinedRow* find(const Json& row_settings, const Json& key) const;
    void sort_rows(const std::vector<Json>& settings_in_order);

  private:
    std::map<std::string, size_t> index_;
};

/// Rows are matched by the columns that contain strings. If two rows of a run have the same
/// strings, columns of numbers are also considered, from left to right. A column is used if it
/// distinguishes rows and is the same in all runs (or, if some settings have several runs, in all
/// runs with the same settings). If that is not enough and the runs have the same number of rows,
/// rows are matched by their order. A table whose rows cannot be matched has only a note and no
/// rows.
std::vector<JoinedTable> join(const std::vector<Sample>& samples);

/// The table with exact numbers: settings, keys, and "NAME mean", "NAME low", "NAME high" and
/// "NAME n" for each column of numbers.
run::Rows to_rows(const JoinedTable& table);

/// The table for human readers: "0.812 ± 0.013" for each column of numbers, and n.
run::Rows to_readable_rows(const JoinedTable& table);

/// "0.812 ± 0.013", or only the mean for n = 1, or "" for n = 0.
std::string to_text(const Interval& interval, bool sign = false);

/// Returns the settings of the baseline for a row with these settings. first: the settings of the
/// table's first row.
using Baseline = Json (*)(const Json& settings, const Json& first);

/// The difference between two settings, paired by seed: the setting minus the baseline.
struct Difference {
    Json settings;
    Json baseline;
    Json key;
    std::string value;  ///< the column
    Interval interval;  ///< n is the number of pairs
};

/// Compares each row with its baseline: the row with the same key and the settings that
/// `baseline_of` returns. Rows without a baseline, or without a seed in common with it, are left
/// out.
std::vector<Difference> differences(const JoinedTable& table, Baseline baseline_of);

/// "+0.013 ± 0.007, excludes 0"; "n = 1: no interval".
std::string verdict(const Interval& interval);

}  // namespace hfc::evidence
