// One field of a CSV file (RFC 4180), for the tables of a run and for the viewer, which has no
// LibTorch: header only.
#pragma once

#include <string>

namespace hfc::run {

/// The text as it is, or in quotes where it holds a comma, a quote or a line break.
inline std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) {
        return text;
    }
    std::string field = "\"";
    for (const char c : text) {
        field += c == '"' ? "\"\"" : std::string(1, c);
    }
    return field + '"';
}

}  // namespace hfc::run
