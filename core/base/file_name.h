// Names of files made of words that may hold anything.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace hfc {

/// The text with '_' in place of what is no letter or digit of ASCII and not in `kept`, at most
/// `most` bytes.
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
