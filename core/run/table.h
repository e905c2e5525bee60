// Converts tables (rows of named values) to CSV and Markdown. Pure functions.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace hfc::run {

using Rows = std::vector<nlohmann::ordered_json>;

/// Adds the columns of a row that are not yet in `columns`, in the order of the row.
void add_columns(const nlohmann::ordered_json& row, std::vector<std::string>& columns);

/// One line of to_csv().
std::string csv_line(const nlohmann::ordered_json& row, const std::vector<std::string>& columns);

/// CSV with a header line: fields are quoted as in RFC 4180, lines end with "\n", numbers are
/// written with all their digits (or as nan, inf or -inf), and fields for missing and null values
/// are empty. Bytes that are not UTF-8 become U+FFFD, both here and in Markdown.
std::string to_csv(const Rows& rows);

/// A GitHub-flavoured Markdown table, aligned so that it is also readable as plain text: numbers
/// have four significant digits and are aligned to the right, and pipes are escaped.
std::string to_markdown(const Rows& rows);

}  // namespace hfc::run
