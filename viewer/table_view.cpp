#include "viewer/table_view.h"

#include "base/natural_order.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

namespace hfc::viewer {
namespace {

std::optional<double> number_of(const std::string& field) {
    double number = 0;
    const auto* const end = field.data() + field.size();
    const auto [last, error] = std::from_chars(field.data(), end, number);
    return error == std::errc() && last == end ? std::optional(number) : std::nullopt;
}

const std::string& field_of(const std::vector<std::string>& row, size_t column) {
    static const std::string empty;
    return column < row.size() ? row[column] : empty;
}

bool is_fraction(const std::string& field, double value) {
    return std::isfinite(value) && field.find_first_of(".eE") != std::string::npos;
}

/// The number of decimals for the fractions in a column, or -1 if each fraction has its own.
int decimals_of(const run::CsvRows& rows, size_t column) {
    constexpr int digits = 4;
    double largest = 0, smallest = INFINITY;
    for (size_t i = 1; i < rows.size(); ++i) {
        const auto value = number_of(field_of(rows[i], column));
        if (value && std::isfinite(*value) && *value != 0) {
            largest = std::max(largest, std::abs(*value));
            smallest = std::min(smallest, std::abs(*value));
        }
    }
    if (largest == 0) {
        return 1;
    }
    const int decimals = digits - 1 - static_cast<int>(std::floor(std::log10(largest)));
    const bool fits = decimals >= 0 && decimals <= 6;
    return fits && smallest >= 10 * std::pow(10, -decimals) ? decimals : -1;
}

std::string shortened(double value, int decimals) {
    char text[64];
    if (decimals < 0) {
        std::snprintf(text, sizeof text, "%.4g", value);
    } else {
        std::snprintf(text, sizeof text, "%.*f", decimals, value);
    }
    return text;
}

/// Removes the trailing zeros that all these numbers share, down to one decimal.
void drop_common_zeros(const std::vector<std::string*>& numbers, int decimals) {
    for (; decimals > 1; --decimals) {
        for (const auto* const number : numbers) {
            if (!number->ends_with('0')) {
                return;
            }
        }
        for (auto* const number : numbers) {
            number->pop_back();
        }
    }
}

}  // namespace

run::CsvRows readable(const run::CsvRows& rows) {
    run::CsvRows result = rows;
    const size_t columns = rows.empty() ? 0 : rows[0].size();
    for (size_t column = 0; column < columns; ++column) {
        const int decimals = decimals_of(rows, column);
        std::vector<std::string*> written;
        for (size_t i = 1; i < rows.size(); ++i) {
            const auto& field = field_of(rows[i], column);
            if (const auto value = number_of(field); value && is_fraction(field, *value)) {
                result[i][column] = shortened(*value, decimals);
                written.push_back(&result[i][column]);
            }
        }
        if (decimals > 0) {
            drop_common_zeros(written, decimals);
        }
    }
    return result;
}

std::vector<size_t> sorted_rows(const run::CsvRows& rows, size_t column, bool descending) {
    struct Key {
        size_t row;
        int kind;  // 0: a number, 1: a text, 2: nothing
        double number;
    };
    std::vector<Key> keys;
    for (size_t i = 1; i < rows.size(); ++i) {
        const auto& field = field_of(rows[i], column);
        const auto value = number_of(field);
        const bool number = value && !std::isnan(*value);
        keys.push_back({i, number ? 0 : field.empty() ? 2 : 1, number ? *value : 0});
    }
    std::stable_sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
        if (a.kind != b.kind) {
            return a.kind < b.kind;
        }
        const Key& first = descending ? b : a;
        const Key& second = descending ? a : b;
        return first.kind == 0 ? first.number < second.number
                               : natural_less(field_of(rows[first.row], column),
                                              field_of(rows[second.row], column));
    });
    std::vector<size_t> order;
    for (const auto& key : keys) {
        order.push_back(key.row);
    }
    return order;
}

}  // namespace hfc::viewer
