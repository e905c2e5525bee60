// Tables as text: rows of named values to CSV and Markdown. Pure functions.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace hfc::run {

using Rows = std::vector<nlohmann::ordered_json>;

/// Adds the columns of a row that are not among `columns`, in its order.
void add_columns(const nlohmann::ordered_json& row, std::vector<std::string>& columns);

/// One line of to_csv().
std::string csv_line(const nlohmann::ordered_json& row, const std::vector<std::string>& columns);

/// CSV with a header line: fields quoted as in RFC 4180, lines ended by a newline alone, numbers
/// with all their digits (nan, inf and -inf as such), missing and null values empty. Bytes that are
/// not UTF-8 become U+FFFD, here and in Markdown.
std::string to_csv(const Rows& rows);

/// A GitHub-flavoured Markdown table, aligned to be read as plain text too: numbers to four
/// significant digits and to the right, pipes escaped.
std::string to_markdown(const Rows& rows);

}  // namespace hfc::run
