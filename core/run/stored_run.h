// Reads back what a run directory holds: for the commands that sum runs up. Without LibTorch.
#pragma once

#include "base/natural_order.h"
#include "run/figure.h"
#include "run/table.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hfc::run {

/// Whether the directory has been made by a run: it holds a config.json and a log.
bool is_run_directory(const std::filesystem::path& directory);

/// config.json. Throws Error naming the file if it is missing or damaged.
nlohmann::ordered_json read_config(const std::filesystem::path& directory);

/// The options of a config, nested ones as "epochs.natural".
std::vector<std::pair<std::string, nlohmann::ordered_json>> flat_options(
    const nlohmann::ordered_json& options);

/// The rows of a CSV text. A field that reads as a number is one (nan and inf too); an empty field
/// is missing; all others are strings.
Rows rows_from_csv(const std::string& text);

/// name -> rows
using Tables = std::map<std::string, Rows, NaturalOrder>;

/// All of NAME.csv in the directory. Throws Error naming a file that cannot be read.
Tables read_tables(const std::filesystem::path& directory);

/// The events of metrics.jsonl. A torn last line and lines that are no events are passed over. The
/// visitor throws Error if the file cannot be read.
Events read_events(const std::filesystem::path& directory);

}  // namespace hfc::run
