// Photographs of frost by a formula: see tests/fixtures/make_corrupt.py.
#pragma once

#include "corrupt/photographs.h"

namespace hfc::test {

/// Five of them.
inline corrupt::Photographs drawn_photographs(int64_t height, int64_t width) {
    corrupt::Photographs all;
    for (int64_t i = 0; i < 5; ++i) {
        corrupt::Bytes picture(3, height, width);
        for (int64_t c = 0; c < 3; ++c) {
            for (int64_t y = 0; y < height; ++y) {
                for (int64_t x = 0; x < width; ++x) {
                    const auto value = x * (3 + i) + y * (5 + c) + (x * y) / (7 + i + c);
                    picture.at(c, y, x) = static_cast<uint8_t>(value % 256);
                }
            }
        }
        all.pictures.push_back(picture);
    }
    return all;
}

}  // namespace hfc::test
