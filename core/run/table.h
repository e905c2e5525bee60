// Tables as text: rows of named values to CSV and Markdown. Pure functions.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace hfc::run {

using Rows = std::vector<nlohmann::ordered_json>;

/// CSV with a header line: fields quoted as in RFC 4180, lines ended by a newline alone, numbers
/// with all their digits (nan, inf and -inf as such), missing and null values empty.
std::string to_csv(const Rows& rows);

/// A GitHub-flavoured Markdown table, aligned to be read as plain text too: numbers to four
/// significant digits and to the right, pipes escaped.
std::string to_markdown(const Rows& rows);

}  // namespace hfc::run
