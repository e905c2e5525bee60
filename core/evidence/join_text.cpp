// Joined tables as rows of text and numbers.
#include "evidence/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace hfc::evidence {
namespace {

Json head_of(const JoinedTable& table, const JoinedRow& row) {
    Json head = Json::object();
    for (const auto& name : table.settings) {
        head[name] = row.settings.contains(name) ? row.settings.at(name) : Json();
    }
    head.update(row.key);
    return head;
}

/// "3", or "2 to 3" if cells differ.
Json count_of(const JoinedRow& row) {
    if (row.cells.empty()) {
        return Json();
    }
    const auto [least, most] =
        std::ranges::minmax(row.cells, {}, [](const Cell& cell) { return cell.values.size(); });
    const auto low = least.values.size(), high = most.values.size();
    return low == high ? Json(low) : Json(fmt::format("{} to {}", low, high));
}

/// The number of decimals that shows two significant digits of the half width.
int decimals_of(double half) {
    return half > 0 ? std::clamp(1 - static_cast<int>(std::floor(std::log10(half))), 0, 12) : 4;
}

bool is_plain(double size) {
    return size == 0 || (size >= 1e-4 && size < 1e7);
}

/// Turns "-0.00" into "0.00".
std::string without_minus_of_zero(std::string text) {
    const bool zero = text.find_first_of("123456789") == std::string::npos;
    return zero && text.starts_with('-') ? text.substr(1) : text;
}

std::string with_sign(const std::string& text, bool sign) {
    const bool positive = !text.starts_with('-') && text.find_first_of("123456789") < text.size();
    return sign && positive ? "+" + text : text;
}

}  // namespace

std::string to_text(const Interval& interval, bool sign) {
    if (interval.n == 0) {
        return "";
    }
    if (interval.n == 1) {
        return with_sign(fmt::format("{:.4g}", interval.mean), sign);
    }
    const double half = interval.half();
    if (!is_plain(std::max(std::abs(interval.mean), half))) {
        return with_sign(fmt::format("{:.3e} ± {:.1e}", interval.mean, half), sign);
    }
    if (half == 0) {
        return with_sign(fmt::format("{:.4g} ± 0", interval.mean), sign);
    }
    const int decimals = decimals_of(half);
    const auto mean = without_minus_of_zero(fmt::format("{:.{}f}", interval.mean, decimals));
    return with_sign(fmt::format("{} ± {:.{}f}", mean, half, decimals), sign);
}

run::Rows to_rows(const JoinedTable& table) {
    run::Rows rows;
    for (const auto& joined : table.rows) {
        auto row = head_of(table, joined);
        for (size_t v = 0; v < table.values.size(); ++v) {
            const auto interval = joined.cells[v].interval();
            row[table.values[v] + " mean"] = number_or_nothing(interval.mean);
            row[table.values[v] + " low"] = number_or_nothing(interval.low);
            row[table.values[v] + " high"] = number_or_nothing(interval.high);
            row[table.values[v] + " n"] = interval.n;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

run::Rows to_readable_rows(const JoinedTable& table) {
    run::Rows rows;
    for (const auto& joined : table.rows) {
        auto row = head_of(table, joined);
        for (size_t v = 0; v < table.values.size(); ++v) {
            row[table.values[v]] = to_text(joined.cells[v].interval());
        }
        row["n"] = count_of(joined);
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string verdict(const Interval& interval) {
    if (interval.n < 2) {
        return "one pair: no interval";
    }
    return interval.excludes_zero() ? "excludes 0" : "includes 0";
}

}  // namespace hfc::evidence
