#include "corrupt/filters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hfc::corrupt {
namespace {

int64_t inside(int64_t i, int64_t size, Border border) {
    if (border == Border::repeat) {
        return std::clamp<int64_t>(i, 0, size - 1);
    }
    const auto folded = ((i % (2 * size)) + 2 * size) % (2 * size);
    return folded < size ? folded : 2 * size - 1 - folded;
}

/// The middle tap and those on one side of it.
std::vector<double> gaussian_taps(double sigma, int64_t radius) {
    std::vector<double> taps;
    for (int64_t i = -radius; i <= radius; ++i) {
        const auto x = static_cast<double>(i);
        taps.push_back(std::exp(-0.5 / (sigma * sigma) * (x * x)));
    }
    double sum = 0;
    for (const double tap : taps) {
        sum += tap;
    }
    taps.erase(taps.begin(), taps.begin() + radius);
    for (double& tap : taps) {
        tap /= sum;
    }
    return taps;
}

/// Blurs each of `lanes` columns of `count` numbers; the inner loop runs over contiguous memory.
template <typename T>
void blur_down(T* values, int64_t count, int64_t lanes, const std::vector<double>& taps,
               Border border, std::vector<double>& room) {
    const auto radius = static_cast<int64_t>(taps.size()) - 1;
    room.assign(static_cast<size_t>(count * lanes), 0);
    for (int64_t i = 0; i < count; ++i) {
        double* to = room.data() + i * lanes;
        const T* here = values + i * lanes;
        for (int64_t x = 0; x < lanes; ++x) {
            to[x] = here[x] * taps[0];
        }
        for (int64_t k = radius; k > 0; --k) {
            const T* above = values + inside(i - k, count, border) * lanes;
            const T* below = values + inside(i + k, count, border) * lanes;
            const double tap = taps[static_cast<size_t>(k)];
            for (int64_t x = 0; x < lanes; ++x) {
                to[x] += (double{above[x]} + double{below[x]}) * tap;
            }
        }
    }
    std::ranges::transform(room, values, [](double value) { return static_cast<T>(value); });
}

template <typename T>
void blur_row(T* values, int64_t count, const std::vector<double>& taps, Border border,
              std::vector<double>& room) {
    const auto radius = static_cast<int64_t>(taps.size()) - 1;
    room.resize(static_cast<size_t>(2 * count + 2 * radius));
    for (int64_t i = -radius; i < count + radius; ++i) {
        room[static_cast<size_t>(i + radius)] = values[inside(i, count, border)];
    }
    const double* from = room.data() + radius;
    double* to = room.data() + count + 2 * radius;
    for (int64_t i = 0; i < count; ++i) {
        to[i] = from[i] * taps[0];
    }
    for (int64_t k = radius; k > 0; --k) {
        const double tap = taps[static_cast<size_t>(k)];
        for (int64_t i = 0; i < count; ++i) {
            to[i] += (from[i - k] + from[i + k]) * tap;
        }
    }
    for (int64_t i = 0; i < count; ++i) {
        values[i] = static_cast<T>(to[i]);
    }
}

/// The positions, along one axis, at which zoomed() samples the image for the pixels of the result.
struct Samples {
    std::vector<int64_t> first;
    std::vector<double> second_weight;  ///< of the pixel after `first`
    std::vector<bool> outside;          ///< beyond the last pixel due to rounding: scipy returns 0
                                        ///< there
};

Samples samples_of(int64_t size, double factor) {
    const auto cropped = static_cast<int64_t>(std::ceil(static_cast<double>(size) / factor));
    const auto begin = (size - cropped) / 2;
    const auto magnified =
        static_cast<int64_t>(std::nearbyint(static_cast<double>(cropped) * factor));
    const auto trim = (magnified - size) / 2;
    const double step =
        magnified > 1 ? static_cast<double>(cropped - 1) / static_cast<double>(magnified - 1) : 0;
    Samples samples;
    for (int64_t i = trim; i < trim + size; ++i) {
        const double at = static_cast<double>(i) * step;
        const auto first = static_cast<int64_t>(std::floor(at));
        samples.outside.push_back(at > static_cast<double>(cropped - 1));
        samples.first.push_back(begin + std::min(first, cropped - 1));
        samples.second_weight.push_back(at - static_cast<double>(first));
    }
    return samples;
}

/// Pillow's weights in one direction: fixed-point numbers with 22 bits.
struct BoxCell {
    int64_t begin = 0;
    std::vector<int64_t> weights;
};
constexpr int weight_bits = 22;

std::vector<BoxCell> box_cells(int64_t from, int64_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double widened = std::max(scale, 1.0);
    const double support = 0.5 * widened;
    std::vector<BoxCell> cells;
    for (int64_t i = 0; i < to; ++i) {
        const double centre = (static_cast<double>(i) + 0.5) * scale;
        BoxCell cell;
        cell.begin = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
        const auto end = std::min(from, static_cast<int64_t>(centre + support + 0.5));
        std::vector<double> weights;
        double sum = 0;
        for (auto x = cell.begin; x < end; ++x) {
            const double place = (static_cast<double>(x) - centre + 0.5) / widened;
            weights.push_back(place > -0.5 && place <= 0.5 ? 1 : 0);
            sum += weights.back();
        }
        for (const double weight : weights) {
            cell.weights.push_back(
                static_cast<int64_t>(0.5 + weight / sum * (int64_t{1} << weight_bits)));
        }
        cells.push_back(cell);
    }
    return cells;
}

uint8_t weighed(const uint8_t* values, int64_t step, const BoxCell& cell) {
    int64_t sum = int64_t{1} << (weight_bits - 1);
    for (size_t k = 0; k < cell.weights.size(); ++k) {
        sum += cell.weights[k] * values[(cell.begin + static_cast<int64_t>(k)) * step];
    }
    return static_cast<uint8_t>(std::clamp<int64_t>(sum >> weight_bits, 0, 255));
}

}  // namespace

template <typename T>
void blur(Planes<T>& image, double sigma, double reach, Border border) {
    const auto radius = static_cast<int64_t>(reach * sigma + 0.5);
    if (radius == 0) {
        return;
    }
    const auto taps = gaussian_taps(sigma, radius);
    std::vector<double> room;
    for (int64_t c = 0; c < image.channels; ++c) {
        blur_down(image.row(c, 0), image.height, image.width, taps, border, room);
        for (int64_t y = 0; y < image.height; ++y) {
            blur_row(image.row(c, y), image.width, taps, border, room);
        }
    }
}

Bytes motion(const Bytes& image, int64_t radius, double sigma, double angle) {
    const double direction = angle * std::numbers::pi / 180;
    const auto count = 2 * radius + 1;
    std::vector<double> taps;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
        const auto x = static_cast<double>(i);
        taps.push_back(std::exp(-(x * x) / (2 * sigma * sigma)));
        sum += taps.back();
    }
    auto total = Doubles::like(image);
    for (int64_t i = 0; i < count; ++i) {
        const auto along = static_cast<double>(i);
        const auto right = static_cast<int64_t>(std::ceil(along * std::cos(direction) - 0.5));
        const auto down = static_cast<int64_t>(std::ceil(along * std::sin(direction) - 0.5));
        const double tap = taps[static_cast<size_t>(i)] / sum;
        for (int64_t c = 0; c < image.channels; ++c) {
            for (int64_t y = 0; y < image.height; ++y) {
                const auto* from = image.row(c, inside(y + down, image.height, Border::repeat));
                double* to = total.row(c, y);
                for (int64_t x = 0; x < image.width; ++x) {
                    to[x] += tap * from[inside(x + right, image.width, Border::repeat)];
                }
            }
        }
    }
    // ImageMagick rounds to 16 bits (257 steps for each step of a byte) and then truncates.
    return Bytes::made(total, [](double value) {
        return static_cast<uint8_t>(std::floor(value * 257 + 0.5) / 257);
    });
}

template <typename T>
Planes<T> zoomed(const Planes<T>& image, double factor) {
    const auto rows = samples_of(image.height, factor);
    const auto columns = samples_of(image.width, factor);
    auto result = Planes<T>::like(image);
    for (int64_t c = 0; c < image.channels; ++c) {
        for (int64_t y = 0; y < image.height; ++y) {
            const auto j = static_cast<size_t>(y);
            const double down = rows.second_weight[j];
            const T* above = image.row(c, rows.first[j]);
            const T* below = image.row(c, std::min(rows.first[j] + 1, image.height - 1));
            T* to = result.row(c, y);
            for (int64_t x = 0; x < image.width; ++x) {
                const auto i = static_cast<size_t>(x);
                if (rows.outside[j] || columns.outside[i]) {
                    continue;
                }
                const double right = columns.second_weight[i];
                const auto first = columns.first[i];
                const auto second = std::min(first + 1, image.width - 1);
                const double sum = static_cast<double>(above[first]) * (1 - down) * (1 - right) +
                                   static_cast<double>(above[second]) * (1 - down) * right +
                                   static_cast<double>(below[first]) * down * (1 - right) +
                                   static_cast<double>(below[second]) * down * right;
                to[x] = static_cast<T>(sum);
            }
        }
    }
    return result;
}

template void blur(Planes<float>& image, double sigma, double reach, Border border);
template void blur(Planes<double>& image, double sigma, double reach, Border border);
template Planes<float> zoomed(const Planes<float>& image, double factor);
template Planes<double> zoomed(const Planes<double>& image, double factor);

Bytes resize_by_box(const Bytes& image, int64_t height, int64_t width) {
    const auto columns = box_cells(image.width, width);
    const auto rows = box_cells(image.height, height);
    Bytes narrow(image.channels, image.height, width);
    Bytes result(image.channels, height, width);
    for (int64_t c = 0; c < image.channels; ++c) {
        for (int64_t y = 0; y < image.height; ++y) {
            for (int64_t x = 0; x < width; ++x) {
                narrow.at(c, y, x) = weighed(image.row(c, y), 1, columns[static_cast<size_t>(x)]);
            }
        }
        for (int64_t y = 0; y < height; ++y) {
            for (int64_t x = 0; x < width; ++x) {
                result.at(c, y, x) =
                    weighed(narrow.row(c, 0) + x, width, rows[static_cast<size_t>(y)]);
            }
        }
    }
    return result;
}

}  // namespace hfc::corrupt
