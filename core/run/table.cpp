#include "run/table.h"

#include "base/utf8.h"
#include "run/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hfc::run {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> column_names(const Rows& rows) {
    std::vector<std::string> names;
    for (const auto& row : rows) {
        add_columns(row, names);
    }
    return names;
}

const Json& value_of(const Json& row, const std::string& column) {
    static const Json nothing;
    const auto found = row.find(column);
    return found == row.end() ? nothing : *found;
}

// Lua's numbers are all doubles, so an integer is also a double here; it is written as 3, not 3.0.
bool is_whole(double number) {
    return std::abs(number) < 1e15 && number == std::floor(number);
}

std::string exact(const Json& value) {
    if (value.is_null()) {
        return "";
    }
    if (value.is_string()) {
        return to_utf8(value.get<std::string>());
    }
    if (!value.is_number_float()) {
        return value.dump();
    }
    const auto number = value.get<double>();
    if (std::isnan(number)) {
        return "nan";  // without the sign that 0 / 0 has on some processors
    }
    return is_whole(number) ? fmt::format("{:.0f}", number) : fmt::format("{}", number);
}

std::string rounded(const Json& value) {
    const auto number = value.is_number_float() ? value.get<double>() : 0.0;
    if (!value.is_number_float() || is_whole(number) || std::isnan(number)) {
        return exact(value);
    }
    return std::abs(number) >= 1000 && std::abs(number) < 1e7 ? fmt::format("{:.1f}", number)
                                                              : fmt::format("{:.4g}", number);
}

std::string escaped(const std::string& cell) {
    std::string text;
    for (const char c : to_utf8(cell)) {
        if (c == '|' || c == '\\') {
            text += '\\';
        }
        text += c == '\n' || c == '\r' ? ' ' : c;
    }
    return text;
}

// Characters, not bytes, so that columns with an epsilon or an umlaut line up.
size_t width_of(const std::string& text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, size_t width, bool right) {
    const std::string space(width - width_of(text), ' ');
    return right ? space + text : text + space;
}

}  // namespace

void add_columns(const Json& row, std::vector<std::string>& columns) {
    for (const auto& [name, value] : row.items()) {
        if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
            columns.push_back(name);
        }
    }
}

std::string csv_line(const Json& row, const std::vector<std::string>& columns) {
    std::string line;
    for (const auto& column : columns) {
        line += csv_field(exact(value_of(row, column))) + (&column == &columns.back() ? "\n" : ",");
    }
    return line;
}

std::string to_csv(const Rows& rows) {
    const auto columns = column_names(rows);
    std::string text;
    for (const auto& column : columns) {
        text += csv_field(to_utf8(column)) + (&column == &columns.back() ? "\n" : ",");
    }
    for (const auto& row : rows) {
        text += csv_line(row, columns);
    }
    return text;
}

std::string to_markdown(const Rows& rows) {
    std::string header;
    std::string rule;
    std::vector<std::string> lines(rows.size());
    for (const auto& column : column_names(rows)) {
        std::vector<std::string> cells;
        size_t width = std::max<size_t>(3, width_of(escaped(column)));
        bool numbers = true;
        for (const auto& row : rows) {
            const auto& value = value_of(row, column);
            cells.push_back(escaped(rounded(value)));
            width = std::max(width, width_of(cells.back()));
            numbers = numbers && (value.is_number() || value.is_null());
        }
        header += "| " + padded(escaped(column), width, numbers) + ' ';
        rule +=
            "| " + (numbers ? std::string(width - 1, '-') + ':' : std::string(width, '-')) + ' ';
        for (size_t i = 0; i < rows.size(); ++i) {
            lines[i] += "| " + padded(cells[i], width, numbers) + ' ';
        }
    }
    std::string text = header + "|\n" + rule + "|\n";
    for (const auto& line : lines) {
        text += line + "|\n";
    }
    return text;
}

}  // namespace hfc::run
