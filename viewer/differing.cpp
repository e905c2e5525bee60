#include "viewer/differing.h"

#include "base/natural_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace hfc::viewer {
namespace {

constexpr std::string_view of_options = "options.";

/// Whether a setting tells something of the experiment: an option of the script, or where it ran.
bool counts(std::string_view name) {
    static const std::set<std::string_view> others = {"name", "device", "threads", "dataset",
                                                      "commit"};
    return name.starts_with(of_options) || others.contains(name);
}

}  // namespace

Differing differing(const std::vector<RunSettings>& runs) {
    std::map<std::string, std::vector<std::string>, NaturalOrder> values;
    for (size_t run = 0; run < runs.size(); ++run) {
        for (const auto& [name, value] : runs[run]) {
            if (counts(name)) {
                auto& of_runs = values[name];
                of_runs.resize(runs.size());
                of_runs[run] = value;
            }
        }
    }
    Differing result;
    result.values.resize(runs.size());
    for (const auto& [name, of_runs] : values) {
        if (std::adjacent_find(of_runs.begin(), of_runs.end(), std::not_equal_to<>()) ==
            of_runs.end()) {
            continue;
        }
        result.names.push_back(name.starts_with(of_options) ? name.substr(of_options.size())
                                                            : name);
        for (size_t run = 0; run < runs.size(); ++run) {
            result.values[run].push_back(of_runs[run]);
        }
    }
    return result;
}

std::string text_of(const Differing& settings, size_t run, bool with_seed) {
    std::string text;
    for (size_t i = 0; i < settings.names.size(); ++i) {
        if (with_seed || settings.names[i] != "seed") {
            const auto& value = settings.values[run][i];
            text += (text.empty() ? "" : ", ") + settings.names[i] + " " +
                    (value.empty() ? "not set" : value);
        }
    }
    return text;
}

}  // namespace hfc::viewer
