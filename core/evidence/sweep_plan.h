// What a sweep runs: a script with each combination of some values of its options.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hfc::evidence {

/// The values of one option that a sweep tries, in the order given.
struct Choice {
    struct Value {
        std::string text;              ///< as typed: 1e-3
        nlohmann::ordered_json value;  ///< as the script reads it: 0.001
    };
    std::string option;
    std::vector<Value> values;
};

/// What the script says of its options and the user of their values.
struct SweepPlan {
    struct Base {
        std::string preset;             ///< "" without one
        nlohmann::ordered_json values;  ///< of all options, before the choices
    };
    std::string device;  ///< "cpu", "cuda:0": what --device stands for on this machine
    std::vector<Base> bases;
    std::vector<Choice> choices;
};

/// Throws Error unless the JSON is what hfc.options writes of a sweep.
SweepPlan plan_from_json(const nlohmann::ordered_json& json);

/// One run of a sweep.
struct SweepItem {
    std::string name;                    ///< of its directory
    std::vector<std::string> arguments;  ///< of the script: --lr=1e-3
    nlohmann::ordered_json settings;     ///< what varies in the sweep, except the seed
    std::string seed;                    ///< "" for a script without the option
    std::string hash;                    ///< of all that decides the numbers, except the seed
    std::string options;                 ///< for people: "lr=1e-3 epochs=8"
};

/// What decides the numbers besides the script's options.
struct SweepMachine {
    std::string script;  ///< the script's name: "batch_size"
    int threads = 1;
    bool deterministic = false;
};

/// Replaces the seeds by 0 .. count - 1. Throws Error for a script without the option `seed`, for
/// count < 1, and where the user has chosen seeds otherwise.
void choose_seeds(SweepPlan& plan, int64_t count);

/// All combinations: for each seed all settings, so that a sweep that is stopped has compared them
/// with few seeds. Throws Error for more than 10 000.
std::vector<SweepItem> items_of(const SweepPlan& plan, const SweepMachine& machine);

}  // namespace hfc::evidence
