// Sorts names as people expect: "r=4" before "r=12".
#pragma once

#include <cstddef>
#include <string_view>

namespace hfc {
namespace detail {

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Removes and returns the run of digits at the start of `text`, or its first character if that is
/// not a digit.
inline std::string_view take_part(std::string_view& text) {
    size_t length = 1;
    while (is_digit(text[0]) && length < text.size() && is_digit(text[length])) {
        ++length;
    }
    const auto part = text.substr(0, length);
    text.remove_prefix(length);
    return part;
}

/// The digits without leading zeros. Of two results, the longer one is the larger number.
inline std::string_view significant(std::string_view digits) {
    const auto first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? std::string_view() : digits.substr(first);
}

}  // namespace detail

/// Compares runs of digits as numbers and everything else as text. Names that differ only in
/// leading zeros are compared as text.
inline bool natural_less(std::string_view a, std::string_view b) {
    std::string_view left = a, right = b;
    while (!left.empty() && !right.empty()) {
        auto x = detail::take_part(left);
        auto y = detail::take_part(right);
        if (detail::is_digit(x[0]) && detail::is_digit(y[0])) {
            x = detail::significant(x);
            y = detail::significant(y);
            if (x.size() != y.size()) {
                return x.size() < y.size();
            }
        }
        if (x != y) {
            return x < y;
        }
    }
    return left.size() != right.size() ? left.size() < right.size() : a < b;
}

/// For sets and maps of names.
struct NaturalOrder {
    bool operator()(std::string_view a, std::string_view b) const { return natural_less(a, b); }
};

}  // namespace hfc
