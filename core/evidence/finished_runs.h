// Keeps finished runs in a CSV file under version control, so that anyone can add seeds later. A
// line contains the hash of the settings, the seed, the commit, the device, and all numbers of the
// run's tables.
#pragma once

#include "run/stored_run.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::evidence {

struct FinishedRun {
    std::string settings;  ///< a hash, see settings_hash()
    std::string options;   ///< in readable form: "lr=0.001 epochs=8"
    std::string seed;
    std::string commit;
    std::string device;
    std::string threads;
    run::Tables tables;
};

/// A hash (64-bit FNV-1a, 16 hexadecimal digits) that depends on the content of the JSON value, not
/// on the order of its keys.
std::string settings_hash(const nlohmann::ordered_json& settings);

/// The r-th line of a run contains the r-th row of each of its tables, in columns "TABLE:COLUMN".
std::string to_csv(const std::vector<FinishedRun>& runs);

/// Reads the output of to_csv(). Throws Error naming `source` if a column is missing.
std::vector<FinishedRun> finished_runs_from_csv(const std::string& text, const std::string& source);

/// Adds the runs whose settings and seed are not in the file yet, and creates the file if it does
/// not exist. Returns the number of runs added.
size_t add_finished_runs(const std::filesystem::path& path, const std::vector<FinishedRun>& runs);

}  // namespace hfc::evidence
