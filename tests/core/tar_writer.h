// Tars for tests, byte by byte.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace hfc::test {

/// Writes the checksum of a header.
inline void set_sum(std::string& header) {
    header.replace(148, 8, 8, ' ');
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i) {
        sum += static_cast<unsigned char>(header[i]);
    }
    char text[8];
    std::snprintf(text, sizeof text, "%06o", sum % 0x40000);
    header.replace(148, 6, text, 6);
    header[154] = '\0';
}

/// A ustar header of a file, without its bytes.
inline std::string tar_header(const std::string& name, uint64_t size, char type = '0') {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    char text[16];
    std::snprintf(text, sizeof text, "%011llo", static_cast<unsigned long long>(size));
    header.replace(124, 11, text, 11);
    header[156] = type;
    header.replace(257, 8,
                   std::string("ustar\0"
                               "00",
                               8));
    set_sum(header);
    return header;
}

inline std::string tar_member(const std::string& name, const std::string& bytes, char type = '0') {
    return tar_header(name, bytes.size(), type) + bytes +
           std::string((512 - bytes.size() % 512) % 512, '\0');
}

inline std::string tar_end() {
    return std::string(1024, '\0');
}

}  // namespace hfc::test
