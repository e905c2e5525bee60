#include "bindings/hfc/natural_order.h"

#include <string_view>

namespace hfc::lua {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Takes the run of digits, or the one other character, at the front of `text`.
std::string_view take_part(std::string_view& text) {
    size_t length = 1;
    while (is_digit(text[0]) && length < text.size() && is_digit(text[length])) {
        ++length;
    }
    const auto part = text.substr(0, length);
    text.remove_prefix(length);
    return part;
}

/// Digits without leading zeros: the longer run is the larger number.
std::string_view significant(std::string_view digits) {
    const auto first = digits.find_first_not_of('0');
    return first == std::string_view::npos ? std::string_view() : digits.substr(first);
}

}  // namespace

bool natural_less(const std::string& a, const std::string& b) {
    std::string_view left = a;
    std::string_view right = b;
    while (!left.empty() && !right.empty()) {
        auto x = take_part(left);
        auto y = take_part(right);
        if (is_digit(x[0]) && is_digit(y[0])) {
            x = significant(x);
            y = significant(y);
            if (x.size() != y.size()) {
                return x.size() < y.size();
            }
        }
        if (x != y) {
            return x < y;
        }
    }
    return left.size() < right.size();
}

}  // namespace hfc::lua
