#include "run/differing.h"

#include "base/natural_order.h"

#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace hfc::run {
namespace {

constexpr std::string_view of_options = "options.";
constexpr std::string_view script_name = "name";

/// One value per run; none if the run does not have the setting.
using Values = std::vector<std::optional<std::string>>;

/// All settings. "name" exists even if no run has it.
std::map<std::string, Values, NaturalOrder> by_name(const std::vector<RunSettings>& runs) {
    std::map<std::string, Values, NaturalOrder> all;
    all[std::string(script_name)].resize(runs.size());
    for (size_t run = 0; run < runs.size(); ++run) {
        for (const auto& [name, value] : runs[run]) {
            auto& of_runs = all[name];
            of_runs.resize(runs.size());
            of_runs[run] = value;
        }
    }
    return all;
}

/// The scripts that have two runs with different values. Not having the setting counts as a value.
std::set<std::optional<std::string>> scripts_that_vary(const Values& values,
                                                       const Values& scripts) {
    std::map<std::optional<std::string>, std::set<std::optional<std::string>>> by_script;
    for (size_t run = 0; run < values.size(); ++run) {
        by_script[scripts[run]].insert(values[run]);
    }
    std::set<std::optional<std::string>> varying;
    for (const auto& [script, of_script] : by_script) {
        if (of_script.size() > 1) {
            varying.insert(script);
        }
    }
    return varying;
}

/// Whether the runs that have the setting differ in its value.
bool values_differ(const Values& values) {
    std::set<std::string> different;
    for (const auto& value : values) {
        if (value) {
            different.insert(*value);
        }
    }
    return different.size() > 1;
}

/// The name without "options.", except for an option that could be mistaken for the script's name.
std::string shown_name(const std::string& name) {
    const auto option = name.starts_with(of_options) ? name.substr(of_options.size()) : name;
    return option == script_name ? name : option;
}

}  // namespace

Differing differing(const std::vector<RunSettings>& runs) {
    Differing result;
    result.values.resize(runs.size());
    result.labels.resize(runs.size());
    const auto add = [&](const std::string& name, const Values& values) {
        result.names.push_back(shown_name(name));
        for (size_t run = 0; run < runs.size(); ++run) {
            result.values[run].push_back(values[run].value_or(""));
        }
    };
    const auto all = by_name(runs);
    const auto& scripts = all.at(std::string(script_name));
    if (values_differ(scripts)) {
        add(std::string(script_name), scripts);
        for (size_t run = 0; run < runs.size(); ++run) {
            result.labels[run].emplace_back("", scripts[run].value_or(""));
        }
    }
    for (const auto& [name, values] : all) {
        const auto varying = scripts_that_vary(values, scripts);
        if (name == script_name || (varying.empty() && !values_differ(values))) {
            continue;
        }
        add(name, values);
        for (size_t run = 0; run < runs.size(); ++run) {
            if (varying.contains(scripts[run])) {
                result.labels[run].emplace_back(shown_name(name), values[run].value_or("not set"));
            }
        }
    }
    return result;
}

std::string label_of(const Differing& settings, size_t run, bool with_seed) {
    std::string text;
    for (const auto& [name, value] : settings.labels[run]) {
        if (with_seed || name != "seed") {
            text += text.empty() ? "" : ", ";
            text += name.empty() ? value : name + " " + value;
        }
    }
    return text;
}

}  // namespace hfc::run
