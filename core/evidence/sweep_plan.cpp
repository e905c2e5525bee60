#include "evidence/sweep_plan.h"

#include "base/error.h"
#include "base/file_name.h"
#include "base/utf8.h"
#include "evidence/finished_runs.h"
#include "evidence/json.h"

#include <algorithm>
#include <set>

namespace hfc::evidence {
namespace {

constexpr const char* seed_option = "seed";
constexpr const char* preset_option = "preset";
constexpr size_t most_items = 10000;

/// A value as a table cell.
Json cell_of(const Choice::Value& value) {
    return value.value.is_number() ? value.value : Json(to_utf8(value.text));
}

/// A part of a directory's name: "lr_1e-3".
std::string name_part(const std::string& option, const std::string& text) {
    constexpr size_t longest = 60;
    return file_name_of(option + "_" + text, longest, ".-");
}

void append(std::string& text, const std::string& separator, const std::string& more) {
    text += (text.empty() ? "" : separator) + more;
}

/// Combines one value of each choice; `digits` contains the index of each value.
SweepItem item_of(const SweepPlan& plan, const SweepPlan::Base& base,
                  const std::vector<size_t>& digits, const SweepMachine& machine) {
    SweepItem item;
    item.settings = Json::object();
    Json values = base.values;
    if (!base.preset.empty()) {
        item.arguments.push_back("--preset=" + base.preset);
        append(item.options, " ", "preset=" + base.preset);
    }
    if (plan.bases.size() > 1) {
        item.settings[preset_option] = base.preset;
        append(item.name, "-", name_part(preset_option, base.preset));
    }
    for (size_t c = 0; c < plan.choices.size(); ++c) {
        const auto& [option, choices] = plan.choices[c];
        const auto& value = choices[digits[c]];
        item.arguments.push_back(fmt::format("--{}={}", option, value.text));
        values[option] = value.value;
        if (option == seed_option) {
            continue;
        }
        append(item.options, " ", fmt::format("{}={}", option, value.text));
        if (choices.size() > 1) {
            item.settings[option] = cell_of(value);
            append(item.name, "-", name_part(option, value.text));
        }
    }
    if (values.contains(seed_option)) {
        const auto& seed = values.at(seed_option);
        item.seed = text_of(seed);
        append(item.name, "-", name_part(seed_option, item.seed));
        values.erase(seed_option);
    }
    item.hash = settings_hash({{"script", machine.script},
                               {"options", values},
                               {"threads", machine.threads},
                               {"device", plan.device.substr(0, plan.device.find(':'))},
                               {"deterministic", machine.deterministic}});
    return item;
}

/// Makes the names of the directories unique.
void make_unique(std::vector<SweepItem>& items) {
    std::set<std::string> taken;
    for (auto& item : items) {
        constexpr size_t longest = 180;
        const auto name = item.name.empty() ? "item" : item.name.substr(0, longest);
        item.name = name;
        for (int number = 2; !taken.insert(item.name).second; ++number) {
            item.name = fmt::format("{}-{}", name, number);
        }
    }
}

/// Increments the digits, the last one fastest; returns false after the last combination.
bool count_on(std::vector<size_t>& digits, const std::vector<Choice>& choices) {
    for (size_t c = digits.size(); c-- > 0;) {
        if (++digits[c] < choices[c].values.size()) {
            return true;
        }
        digits[c] = 0;
    }
    return false;
}

size_t count_items(const SweepPlan& plan) {
    size_t count = plan.bases.size();
    for (const auto& choice : plan.choices) {
        count = std::min(count * choice.values.size(), most_items + 1);
    }
    return count;
}

}  // namespace

SweepPlan plan_from_json(const Json& json) {
    try {
        SweepPlan plan;
        plan.device = json.at("device").get<std::string>();
        for (const auto& base : json.at("bases")) {
            plan.bases.push_back({base.value("preset", ""), base.at("values")});
        }
        for (const auto& choice : json.at("choices")) {
            plan.choices.push_back({choice.at("option").get<std::string>(), {}});
            for (const auto& value : choice.at("values")) {
                plan.choices.back().values.push_back(
                    {value.at("text").get<std::string>(), value.at("value")});
            }
        }
        return plan;
    } catch (const nlohmann::json::exception& error) {
        fail("the plan of the sweep is damaged: {}", error.what());
    }
}

void choose_seeds(SweepPlan& plan, int64_t count) {
    require(count >= 1, "option --seeds: expected at least 1 seed, got {}", count);
    require(std::ranges::all_of(plan.bases,
                                [](const auto& base) { return base.values.contains(seed_option); }),
            "option --seeds: the script has no option 'seed'");
    const auto known = std::ranges::find(plan.choices, seed_option, &Choice::option);
    require(known == plan.choices.end(),
            "options --seeds and --seed both choose the seeds; use only one of them");
    Choice seeds{.option = seed_option, .values = {}};
    for (int64_t seed = 0; seed < count; ++seed) {
        seeds.values.push_back({std::to_string(seed), seed});
    }
    plan.choices.push_back(std::move(seeds));
}

std::vector<SweepItem> items_of(const SweepPlan& given, const SweepMachine& machine) {
    auto plan = given;
    std::stable_partition(plan.choices.begin(), plan.choices.end(),
                          [](const Choice& choice) { return choice.option == seed_option; });
    require(count_items(plan) <= most_items,
            "a sweep can have at most {} runs, but this sweep would have more", most_items);
    // The seed changes slowest, even slower than the preset.
    const bool seeded = !plan.choices.empty() && plan.choices[0].option == seed_option;
    const size_t seeds = seeded ? plan.choices[0].values.size() : 1;
    std::vector<SweepItem> items;
    for (size_t seed = 0; seed < seeds; ++seed) {
        for (const auto& base : plan.bases) {
            std::vector<size_t> digits(plan.choices.size());
            if (seeded) {
                digits[0] = seed;
            }
            do {
                items.push_back(item_of(plan, base, digits, machine));
            } while (count_on(digits, plan.choices) && (!seeded || digits[0] == seed));
        }
    }
    make_unique(items);
    return items;
}

}  // namespace hfc::evidence
