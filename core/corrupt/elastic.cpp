// The elastic transform: an affine map, then a smooth field of shifts.
#include "corrupt/filters.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hfc::corrupt {
namespace {

struct Elastic {
    double shift;   ///< the length of the shifts
    double sigma;   ///< how smooth they are
    double corner;  ///< how far the corners of the affine map move
};

struct Point {
    double x = 0;
    double y = 0;
};
using Triangle = std::array<Point, 3>;

/// x' = a x + b y + c, y' = d x + e y + f.
using Affine = std::array<double, 6>;

/// The affine map from each corner of `from` to the corresponding corner of `to`.
Affine affine_of(const Triangle& from, const Triangle& to) {
    const auto &p = from[0], &q = from[1], &r = from[2];
    const double det = (q.x - p.x) * (r.y - p.y) - (r.x - p.x) * (q.y - p.y);
    const auto row = [&](double at_p, double at_q, double at_r) {
        const double a = ((at_q - at_p) * (r.y - p.y) - (at_r - at_p) * (q.y - p.y)) / det;
        const double b = ((at_r - at_p) * (q.x - p.x) - (at_q - at_p) * (r.x - p.x)) / det;
        return std::array{a, b, at_p - a * p.x - b * p.y};
    };
    const auto first = row(to[0].x, to[1].x, to[2].x);
    const auto second = row(to[0].y, to[1].y, to[2].y);
    return {first[0], first[1], first[2], second[0], second[1], second[2]};
}

int64_t mirrored_about_pixel(int64_t i, int64_t size) {
    while (i < 0 || i >= size) {
        i = i < 0 ? -i : 2 * size - 2 - i;
    }
    return i;
}

int64_t mirrored_about_edge(int64_t i, int64_t size) {
    while (i < 0 || i >= size) {
        i = i < 0 ? -i - 1 : 2 * size - 1 - i;
    }
    return i;
}

/// Interpolates the value between four pixels.
template <typename Index>
float sample(const Floats& image, int64_t channel, double y, double x, const Index& index) {
    const double floor_y = std::floor(y);
    const double floor_x = std::floor(x);
    const double down = y - floor_y;
    const double right = x - floor_x;
    const auto row = [&](int64_t further) {
        return image.row(channel, index(static_cast<int64_t>(floor_y) + further, image.height));
    };
    const auto first = index(static_cast<int64_t>(floor_x), image.width);
    const auto second = index(static_cast<int64_t>(floor_x) + 1, image.width);
    const float* above = row(0);
    const float* below = row(1);
    const double sum = double{above[first]} * (1 - down) * (1 - right) +
                       double{above[second]} * (1 - down) * right +
                       double{below[first]} * down * (1 - right) +
                       double{below[second]} * down * right;
    return static_cast<float>(sum);
}

/// `to_source` maps each pixel of the result to the position from which it is read. Uses float32,
/// as in OpenCV.
Floats warped(const Floats& image, const Affine& to_source) {
    auto result = Floats::like(image);
    const auto [a, b, c, d, e, f] = to_source;
    for (int64_t channel = 0; channel < image.channels; ++channel) {
        for (int64_t y = 0; y < image.height; ++y) {
            for (int64_t x = 0; x < image.width; ++x) {
                const auto column = static_cast<double>(x);
                const auto row = static_cast<double>(y);
                result.at(channel, y, x) = sample(image, channel, d * column + e * row + f,
                                                  a * column + b * row + c, mirrored_about_pixel);
            }
        }
    }
    return result;
}

/// A smooth field of shifts, in float32 as in the published code.
Floats shifts(const Task& task, const Elastic& elastic) {
    Doubles field(1, task.image.height, task.image.width);
    field.values = task.draws.uniform(field.pixels(), -1, 1);
    if (elastic.sigma > 0) {
        blur(field, elastic.sigma, 3, Border::mirror);
    }
    return Floats::made(field,
                        [&](double value) { return static_cast<float>(value * elastic.shift); });
}

}  // namespace

Corrupted elastic_transform(const Task& task) {
    constexpr Table<Elastic> cifar{{{0, 0, 32 * .08},
                                    {32 * .05, 32 * .2, 32 * .07},
                                    {32 * .08, 32 * .06, 32 * .06},
                                    {32 * .1, 32 * .04, 32 * .05},
                                    {32 * .1, 32 * .03, 32 * .03}}};
    constexpr Table<Elastic> large{{{244 * 2, 244 * .7, 244 * .1},
                                    {244 * 2, 244 * .08, 244 * .2},
                                    {244 * .05, 244 * .01, 244 * .02},
                                    {244 * .07, 244 * .01, 244 * .02},
                                    {244 * .12, 244 * .01, 244 * .02}}};
    const auto& elastic = task.constants(cifar, large);
    const auto image =
        Floats::made(task.image, [](uint8_t v) { return static_cast<float>(v) / 255.0F; });
    const auto height = image.height;
    const auto width = image.width;
    const auto centre_y = static_cast<double>(height / 2);
    const auto centre_x = static_cast<double>(width / 2);
    const auto size = static_cast<double>(std::min(height, width) / 3);
    // The published code uses rows in place of columns, which makes no difference for square
    // images.
    const Triangle from{{{centre_y + size, centre_x + size},
                         {centre_y + size, centre_x - size},
                         {centre_y - size, centre_x - size}}};
    const auto moves = task.draws.uniform(6, -elastic.corner, elastic.corner);
    Triangle to = from;
    for (size_t i = 0; i < to.size(); ++i) {
        to[i].x += static_cast<float>(moves[2 * i]);
        to[i].y += static_cast<float>(moves[2 * i + 1]);
    }
    const auto moved = warped(image, affine_of(to, from));
    const auto right = shifts(task, elastic);
    const auto down = shifts(task, elastic);
    auto result = Floats::like(image);
    for (int64_t channel = 0; channel < image.channels; ++channel) {
        for (int64_t y = 0; y < height; ++y) {
            for (int64_t x = 0; x < width; ++x) {
                result.at(channel, y, x) =
                    sample(moved, channel, static_cast<double>(y) + down.at(0, y, x),
                           static_cast<double>(x) + right.at(0, y, x), mirrored_about_edge);
            }
        }
    }
    return to_255(result);
}

}  // namespace hfc::corrupt
