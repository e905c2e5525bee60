// The runs of a sweep: one run of a script for each combination of option values.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hfc::evidence {

/// The values that a sweep tries for one option, in the order given.
struct Choice {
    struct Value {
        std::string text;              ///< as typed: 1e-3
        nlohmann::ordered_json value;  ///< as the script reads it: 0.001
    };
    std::string option;
    std::vector<Value> values;
};

/// The script's description of its options, and the user's values for them.
struct SweepPlan {
    struct Base {
        std::string preset;  ///< "" without one
        /// The values of all options, before the choices are applied.
        nlohmann::ordered_json values;
    };
    std::string device;  ///< the device that --device means on this machine: "cpu", "cuda:0"
    std::vector<Base> bases;
    std::vector<Choice> choices;
};

/// Throws Error if the JSON is not a sweep plan written by hfc.options.
SweepPlan plan_from_json(const nlohmann::ordered_json& json);

/// One run of a sweep.
struct SweepItem {
    std::string name;                    ///< the name of its directory
    std::vector<std::string> arguments;  ///< the script's arguments: --lr=1e-3
    nlohmann::ordered_json settings;     ///< the options that vary in the sweep, except the seed
    std::string seed;                    ///< "" for a script without the option `seed`
    std::string hash;     ///< a hash of everything that determines the numbers, except the seed
    std::string options;  ///< in readable form: "lr=1e-3 epochs=8"
};

/// Everything that determines the numbers, apart from the script's options.
struct SweepMachine {
    std::string script;  ///< the script's name: "batch_size"
    int threads = 1;
    bool deterministic = false;
};

/// Sets the seeds to 0 .. count - 1. Throws Error if the script has no option `seed`, if count is
/// below 1, or if the user has already chosen seeds.
void choose_seeds(SweepPlan& plan, int64_t count);

/// Returns all combinations: all settings with the first seed, then with the next one, and so on.
/// That way, even a sweep that is stopped early compares all settings, but with fewer seeds. Throws
/// Error for more than 10000 combinations.
std::vector<SweepItem> items_of(const SweepPlan& plan, const SweepMachine& machine);

}  // namespace hfc::evidence
