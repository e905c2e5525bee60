// The settings that differ between runs, and short labels of the runs. Without LibTorch.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

/// name -> value, as in config.json: "options.lr" -> "0.1". "name" is the name of the script.
using RunSettings = std::vector<std::pair<std::string, std::string>>;

/// The settings that differ between two runs of the same script. If there are several scripts,
/// "name" comes first, and settings that differ between runs of different scripts are included. An
/// option that only some of the scripts have does not count as a difference between them.
struct Differing {
    std::vector<std::string> names;  ///< in natural order, without "options."
    /// For each run, one value per name; "" if the run does not have it.
    std::vector<std::vector<std::string>> values;
    /// For each run, the parts of its label: first its script (with an empty name) if there are
    /// several scripts, then the settings that differ between the runs of this script.
    std::vector<RunSettings> labels;
};

/// Returns the settings that differ between the runs.
Differing differing(const std::vector<RunSettings>& runs);

/// "lr 0.1, seed 2" for one run, or "shuffled_labels, lr 0.1, seed 2" if there are several scripts.
std::string label_of(const Differing& settings, size_t run, bool with_seed = true);

}  // namespace hfc::run
