// The event that Run::curve logs. Header only and without LibTorch, because the readers of runs
// also use it.
#pragma once

namespace hfc::run {

/// Whether an event comes from Run::curve and not from a script that uses the same keys. Json:
/// nlohmann::json or nlohmann::ordered_json.
template <typename Json>
bool is_whole_curve(const Json& event) {
    const auto is_array = [&](const char* key) {
        return event.contains(key) && event.at(key).is_array();
    };
    return event.contains("curve") && event.at("curve").is_string() && is_array("x") &&
           is_array("y") && event.at("x").size() == event.at("y").size();
}

}  // namespace hfc::run
