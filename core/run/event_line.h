// The lines of metrics.jsonl. Header only.
#pragma once

#include "base/json_depth.h"

#include <string>

namespace hfc::run {

/// Returns the event in a line, or a value that is not an object if the line is not an event. Never
/// throws. Json: nlohmann::json or nlohmann::ordered_json.
template <typename Json>
Json event_of(const std::string& line) {
    auto event = nests_deeper(line) ? Json() : Json::parse(line, nullptr, false);
    return event.is_object() ? event : Json();
}

}  // namespace hfc::run
