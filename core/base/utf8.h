// Strings from file names and scripts may contain any bytes, but JSON, tables and figures contain
// UTF-8.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace hfc {

/// Returns a JSON value as text. Bytes that are not UTF-8 become U+FFFD. indent: as for Json::dump.
template <typename Json>
std::string json_text(const Json& json, int indent = -1) {
    return json.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

/// Returns the value that you get by writing `json` to a file and reading it back.
template <typename Json>
Json as_read_back(const Json& json) {
    return Json::parse(json_text(json));
}

/// Returns the string with U+FFFD in place of bytes that are not UTF-8, as json_text() writes it.
inline std::string to_utf8(const std::string& text) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    return std::all_of(text.begin(), text.end(), is_ascii)
               ? text
               : as_read_back(nlohmann::json(text)).get<std::string>();
}

/// Whether the string is UTF-8.
inline bool is_utf8(const std::string& text) {
    return to_utf8(text) == text;
}

}  // namespace hfc
