// The settings that differ between runs.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {

/// name -> value, as in config.json: "options.lr" -> "0.1".
using RunSettings = std::vector<std::pair<std::string, std::string>>;

struct Differing {
    std::vector<std::string> names;  ///< without "options."
    /// For each run, one value per name; "" if it has none.
    std::vector<std::vector<std::string>> values;
};

/// Returns the settings that differ between the runs, in the order of their names. Settings that
/// differ between any two runs (start time, machine, process) are left out.
Differing differing(const std::vector<RunSettings>& runs);

/// "lr 0.1, seed 2" for one run.
std::string text_of(const Differing& settings, size_t run, bool with_seed = true);

}  // namespace hfc::viewer
