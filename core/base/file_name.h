// File names made from words that may contain any characters.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace hfc {

/// Returns the first `most` bytes of the text, with '_' in place of every character except
/// ASCII letters, digits and the characters in `kept`.
inline std::string file_name_of(std::string text, size_t most = 100, std::string_view kept = "-") {
    std::ranges::replace_if(
        text,
        [&](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) == 0 &&
                   kept.find(c) == std::string_view::npos;
        },
        '_');
    return text.substr(0, most);
}

}  // namespace hfc
