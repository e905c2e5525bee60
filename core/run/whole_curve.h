// The event of Run::curve. Header only and without LibTorch, since the viewer reads what a run
// writes.
#pragma once

namespace hfc::run {

/// Whether an event is one of Run::curve, and not one of the script's own that has such keys. Json:
/// nlohmann's, ordered or not.
template <typename Json>
bool is_whole_curve(const Json& event) {
    const auto is_array = [&](const char* key) {
        return event.contains(key) && event.at(key).is_array();
    };
    return event.contains("curve") && event.at("curve").is_string() && is_array("x") &&
           is_array("y") && event.at("x").size() == event.at("y").size();
}

}  // namespace hfc::run
