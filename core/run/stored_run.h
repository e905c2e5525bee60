// Reads the contents of a run directory, for the commands that summarise runs. Without LibTorch.
#pragma once

#include "base/natural_order.h"
#include "run/figure.h"
#include "run/table.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

/// Whether the directory is a run directory: it contains a config.json and a log.
bool is_run_directory(const std::filesystem::path& directory);

/// config.json. Throws Error naming the file if it is missing or damaged.
nlohmann::ordered_json read_config(const std::filesystem::path& directory);

/// Names with values.
using Settings = std::vector<std::pair<std::string, nlohmann::ordered_json>>;

/// The values in an object, in the object's order; nested values have names such as
/// "epochs.natural".
Settings flat_settings(const nlohmann::ordered_json& object);

/// The options in a config, flattened by flat_settings() and in the natural order of their names.
Settings flat_options(const nlohmann::ordered_json& options);

/// The rows of a CSV text. Fields that can be read as numbers (including nan and inf) become
/// numbers, empty fields are left out, and all other fields become strings.
Rows rows_from_csv(const std::string& text);

/// name -> rows
using Tables = std::map<std::string, Rows, NaturalOrder>;

/// The contents of all CSV files in the directory. Throws Error if a file cannot be read (naming
/// it).
Tables read_tables(const std::filesystem::path& directory);

/// The events of metrics.jsonl. A truncated last line and lines that are not events are skipped.
/// Calling the result throws Error if the file cannot be read.
Events read_events(const std::filesystem::path& directory);

}  // namespace hfc::run
