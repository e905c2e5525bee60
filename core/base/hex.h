// Bytes as hexadecimal digits, for texts that must store arbitrary bytes without loss.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace hfc {

inline std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {digits[byte >> 4], digits[byte & 15]};
    }
    return text;
}

/// Returns nothing unless the text consists of pairs of hexadecimal digits.
inline std::optional<std::string> from_hex(std::string_view text) {
    std::string bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        unsigned char byte = 0;
        const auto pair = text.substr(i, 2);
        const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
        if (error != std::errc() || pair.size() != 2 || end != pair.data() + 2) {
            return std::nullopt;
        }
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

}  // namespace hfc
