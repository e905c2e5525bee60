// The JSON type that this directory uses. Objects keep the order of their keys.
#pragma once

#include "base/utf8.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <string>

namespace hfc::evidence {

using Json = nlohmann::ordered_json;

/// Returns a string unchanged, and any other value as JSON.
inline std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : json_text(value);
}

/// Null for nan and inf, which JSON does not support.
inline Json number_or_nothing(double number) {
    return std::isfinite(number) ? Json(number) : Json();
}

}  // namespace hfc::evidence
