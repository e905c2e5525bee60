// The settings in which runs differ.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hfc::viewer {

/// name -> value, as in config.json: "options.lr" -> "0.1".
using RunSettings = std::vector<std::pair<std::string, std::string>>;

struct Differing {
    std::vector<std::string> names;                ///< without "options."
    std::vector<std::vector<std::string>> values;  ///< of each run, one for each name; "" for none
};

/// The settings that are not the same in all runs, in the order of their names. What differs
/// between any two runs (when they began, on which machine, in which process) is left out.
Differing differing(const std::vector<RunSettings>& runs);

/// "lr 0.1, seed 2" of one run.
std::string text_of(const Differing& settings, size_t run, bool with_seed = true);

}  // namespace hfc::viewer
