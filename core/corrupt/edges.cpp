#include "corrupt/edges.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace hfc::corrupt {
namespace {

using Numbers = Planes<int>;

int64_t clamped(int64_t i, int64_t size) {
    return std::clamp<int64_t>(i, 0, size - 1);
}

int64_t reflected(int64_t i, int64_t size) {
    return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i;
}

struct Slopes {
    Numbers x;
    Numbers y;
};

Slopes sobel(const Bytes& image) {
    Slopes slopes{Numbers::like(image), Numbers::like(image)};
    for (int64_t y = 0; y < image.height; ++y) {
        const auto* above = image.row(0, clamped(y - 1, image.height));
        const auto* here = image.row(0, y);
        const auto* below = image.row(0, clamped(y + 1, image.height));
        for (int64_t x = 0; x < image.width; ++x) {
            const auto left = clamped(x - 1, image.width);
            const auto right = clamped(x + 1, image.width);
            slopes.x.at(0, y, x) = (above[right] - above[left]) + 2 * (here[right] - here[left]) +
                                   (below[right] - below[left]);
            slopes.y.at(0, y, x) = (below[left] - above[left]) + 2 * (below[x] - above[x]) +
                                   (below[right] - above[right]);
        }
    }
    return slopes;
}

/// Whether the slope at a pixel is the largest one across the edge. Slopes outside the image count
/// as 0.
bool is_ridge(const Slopes& slopes, const Numbers& sizes, int64_t y, int64_t x) {
    constexpr int64_t tangent = 13573;  // of 22.5 degrees, times 2^15
    const auto size = [&](int64_t row, int64_t column) {
        const bool in = row >= 0 && row < sizes.height && column >= 0 && column < sizes.width;
        return in ? sizes.at(0, row, column) : 0;
    };
    const int dx = slopes.x.at(0, y, x);
    const int dy = slopes.y.at(0, y, x);
    const int here = sizes.at(0, y, x);
    const auto across = int64_t{std::abs(dx)};
    const auto down = int64_t{std::abs(dy)} << 15;
    if (down < across * tangent) {
        return here > size(y, x - 1) && here >= size(y, x + 1);
    }
    if (down > across * tangent + (across << 16)) {
        return here > size(y - 1, x) && here >= size(y + 1, x);
    }
    const int side = (dx ^ dy) < 0 ? -1 : 1;
    return here > size(y - 1, x - side) && here > size(y + 1, x + side);
}

struct Step {
    int64_t y;
    int64_t x;
    int length;  ///< times 2^16
};

}  // namespace

Bytes canny(const Bytes& image, int low, int high) {
    const auto slopes = sobel(image);
    auto sizes = Numbers::like(image);
    for (size_t i = 0; i < sizes.values.size(); ++i) {
        sizes.values[i] = std::abs(slopes.x.values[i]) + std::abs(slopes.y.values[i]);
    }
    auto edges = Bytes::like(image);
    auto weak = Bytes::like(image);
    std::vector<std::pair<int64_t, int64_t>> open;
    for (int64_t y = 0; y < image.height; ++y) {
        for (int64_t x = 0; x < image.width; ++x) {
            if (sizes.at(0, y, x) > low && is_ridge(slopes, sizes, y, x)) {
                weak.at(0, y, x) = 1;
                if (sizes.at(0, y, x) > high) {
                    edges.at(0, y, x) = 255;
                    open.emplace_back(y, x);
                }
            }
        }
    }
    while (!open.empty()) {
        const auto [row, column] = open.back();
        open.pop_back();
        for (auto y = std::max<int64_t>(0, row - 1); y <= std::min(row + 1, image.height - 1);
             ++y) {
            for (auto x = std::max<int64_t>(0, column - 1);
                 x <= std::min(column + 1, image.width - 1); ++x) {
                if (weak.at(0, y, x) != 0 && edges.at(0, y, x) == 0) {
                    edges.at(0, y, x) = 255;
                    open.emplace_back(y, x);
                }
            }
        }
    }
    return edges;
}

Floats distance_to(const Bytes& edges) {
    // 1 along a row, 1.4 on the diagonal, 2.1969 for a knight's move.
    constexpr int straight = 65536;
    constexpr int diagonal = 91750;
    constexpr int knight = 143976;
    constexpr int far = std::numeric_limits<int>::max() >> 2;
    constexpr Step steps[] = {{-2, -1, knight},  {-2, 1, knight},    {-1, -2, knight},
                              {-1, 2, knight},   {-1, -1, diagonal}, {-1, 1, diagonal},
                              {-1, 0, straight}, {0, -1, straight}};
    auto lengths = Numbers::made(edges, [](uint8_t edge) { return edge != 0 ? 0 : far; });
    const auto relax = [&](int64_t y, int64_t x, int sign) {
        int& here = lengths.at(0, y, x);
        for (const auto& step : steps) {
            const auto row = y + sign * step.y;
            const auto column = x + sign * step.x;
            if (row >= 0 && row < edges.height && column >= 0 && column < edges.width) {
                here = std::min(here, lengths.at(0, row, column) + step.length);
            }
        }
    };
    for (int64_t y = 0; y < edges.height; ++y) {
        for (int64_t x = 0; x < edges.width; ++x) {
            relax(y, x, 1);
        }
    }
    for (int64_t y = edges.height - 1; y >= 0; --y) {
        for (int64_t x = edges.width - 1; x >= 0; --x) {
            relax(y, x, -1);
        }
    }
    return Floats::made(lengths, [](int length) { return static_cast<float>(length) / 65536.0F; });
}

Floats box_mean(const Floats& image) {
    auto result = Floats::like(image);
    for (int64_t y = 0; y < image.height; ++y) {
        for (int64_t x = 0; x < image.width; ++x) {
            double sum = 0;
            for (int64_t dy = -1; dy <= 1; ++dy) {
                const float* row = image.row(0, reflected(y + dy, image.height));
                for (int64_t dx = -1; dx <= 1; ++dx) {
                    sum += row[reflected(x + dx, image.width)];
                }
            }
            result.at(0, y, x) = static_cast<float>(sum / 9);
        }
    }
    return result;
}

Bytes equalized(const Bytes& image) {
    std::array<int64_t, 256> counts = {};
    for (const auto byte : image.values) {
        ++counts[byte];
    }
    const auto* first = std::ranges::find_if(counts, [](int64_t count) { return count > 0; });
    const auto total = image.pixels();
    std::array<uint8_t, 256> to = {};
    if (*first == total) {
        return image;
    }
    const float scale = 255.0F / static_cast<float>(total - *first);
    int64_t below = 0;
    for (auto i = static_cast<size_t>(first - counts.begin()) + 1; i < counts.size(); ++i) {
        below += counts[i];
        to[i] = static_cast<uint8_t>(
            std::clamp<long>(std::lrint(static_cast<float>(below) * scale), 0, 255));
    }
    return Bytes::made(image, [&](uint8_t byte) { return to[byte]; });
}

Bytes weighed_3x3(const Bytes& image, const std::array<int, 9>& weights) {
    auto result = Bytes::like(image);
    for (int64_t y = 0; y < image.height; ++y) {
        for (int64_t x = 0; x < image.width; ++x) {
            int sum = 0;
            size_t next = 0;
            for (int64_t dy = -1; dy <= 1; ++dy) {
                const auto* row = image.row(0, reflected(y + dy, image.height));
                for (int64_t dx = -1; dx <= 1; ++dx) {
                    sum += weights[next++] * row[reflected(x + dx, image.width)];
                }
            }
            result.at(0, y, x) = static_cast<uint8_t>(std::clamp(sum, 0, 255));
        }
    }
    return result;
}

}  // namespace hfc::corrupt
