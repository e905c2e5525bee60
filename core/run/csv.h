// CSV files (RFC 4180) for the tables of a run. Header only.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hfc::run {

/// Returns the text, in quotes if it contains a comma, a quote or a line break.
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

using CsvRows = std::vector<std::vector<std::string>>;

/// Returns the fields of a CSV text; the first row contains the names of the columns. Reads as much
/// of a damaged text as possible.
inline CsvRows parse_csv(const std::string& text) {
    CsvRows rows;
    std::vector<std::string> row;
    std::string field;
    bool quoted = false, any = false;
    const auto end_row = [&] {
        if (any) {
            row.push_back(std::move(field));
            rows.push_back(std::move(row));
        }
        row.clear();
        field.clear();
        any = false;
    };
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            const bool doubled = c == '"' && i + 1 < text.size() && text[i + 1] == '"';
            quoted = c != '"' || doubled;
            i += doubled ? 1 : 0;
            if (quoted) {
                field += c;
            }
        } else if (c == '\n') {
            end_row();
        } else if (c == ',') {
            row.push_back(std::move(field));
            field.clear();
            any = true;
        } else if (c == '"') {
            quoted = any = true;
        } else if (c != '\r') {
            field += c;
            any = true;
        }
    }
    end_row();
    return rows;
}

}  // namespace hfc::run
