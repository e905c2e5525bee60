// Blurs: defocus, glass, motion, zoom and Gaussian.
#include "corrupt/filters.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hfc::corrupt {
namespace {

struct Disc {
    double radius;
    double sigma;
};

/// A disc of weights, in float32 as in OpenCV, slightly blurred with 3 or 5 taps.
Planes<float> disc_kernel(const Disc& disc) {
    const auto half = disc.radius <= 8 ? 8 : static_cast<int64_t>(disc.radius);
    const auto size = 2 * half + 1;
    const int64_t reach = disc.radius <= 8 ? 1 : 2;
    Planes<float> kernel(1, size, size);
    double count = 0;
    for (int64_t y = -half; y <= half; ++y) {
        for (int64_t x = -half; x <= half; ++x) {
            const bool in = static_cast<double>(x * x + y * y) <= disc.radius * disc.radius;
            kernel.at(0, y + half, x + half) = in ? 1.0F : 0.0F;
            count += in ? 1 : 0;
        }
    }
    std::vector<double> exact;
    double sum = 0;
    for (int64_t i = -reach; i <= reach; ++i) {
        exact.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (disc.sigma * disc.sigma)));
        sum += exact.back();
    }
    const auto mirrored = [&](int64_t i) { return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i; };
    const auto blurred = [&](const Planes<float>& from, bool along) {
        Planes<float> to(1, size, size);
        for (int64_t y = 0; y < size; ++y) {
            for (int64_t x = 0; x < size; ++x) {
                float total = 0;
                for (int64_t i = -reach; i <= reach; ++i) {
                    const auto tap =
                        static_cast<float>(exact[static_cast<size_t>(i + reach)] / sum);
                    total += tap * (along ? from.at(0, y, mirrored(x + i))
                                          : from.at(0, mirrored(y + i), x));
                }
                to.at(0, y, x) = total;
            }
        }
        return to;
    };
    for (float& value : kernel.values) {
        value /= static_cast<float>(count);
    }
    return blurred(blurred(kernel, true), false);
}

/// Mirrored at the outermost pixel, as in OpenCV's default.
int64_t mirror_101(int64_t i, int64_t size) {
    while (i < 0 || i >= size) {
        i = i < 0 ? -i : 2 * size - 2 - i;
    }
    return i;
}

Doubles filtered(const Doubles& image, const Planes<float>& kernel) {
    const auto half = kernel.width / 2;
    auto result = Doubles::like(image);
    std::vector<double> padded(static_cast<size_t>(image.width + 2 * half));
    for (int64_t c = 0; c < image.channels; ++c) {
        for (int64_t source = -half; source < image.height + half; ++source) {
            const double* from = image.row(c, mirror_101(source, image.height));
            for (int64_t x = -half; x < image.width + half; ++x) {
                padded[static_cast<size_t>(x + half)] = from[mirror_101(x, image.width)];
            }
            for (int64_t ky = 0; ky < kernel.height; ++ky) {
                const auto y = source + half - ky;
                if (y < 0 || y >= image.height) {
                    continue;
                }
                double* to = result.row(c, y);
                for (int64_t kx = 0; kx < kernel.width; ++kx) {
                    const double tap = kernel.at(0, ky, kx);
                    if (tap == 0) {
                        continue;
                    }
                    for (int64_t x = 0; x < image.width; ++x) {
                        to[x] += tap * padded[static_cast<size_t>(x + kx)];
                    }
                }
            }
        }
    }
    return result;
}

struct Glass {
    double sigma;
    int64_t distance;
    int64_t rounds;
};

/// Replaces each pixel, from the lower right to the upper left, by a nearby one. The published code
/// is meant to swap the two, but it only copies: its tuple assignment reads a pixel that it has
/// already overwritten.
void scatter(Bytes& x, const Glass& glass, Draws& draws) {
    const auto d = glass.distance;
    const auto count = glass.rounds * (x.height - 2 * d) * (x.width - 2 * d);
    const auto moves = draws.integers(2 * count, -d, d);
    size_t next = 0;
    for (int64_t round = 0; round < glass.rounds; ++round) {
        for (int64_t h = x.height - d; h > d; --h) {
            for (int64_t w = x.width - d; w > d; --w) {
                const auto dx = moves[next++];
                const auto dy = moves[next++];
                for (int64_t c = 0; c < x.channels; ++c) {
                    x.at(c, h, w) = x.at(c, h + dy, w + dx);
                }
            }
        }
    }
}

struct Motion {
    int64_t radius;
    double sigma;
};

struct Zoom {
    int64_t factors;  ///< the number of factors; the first one is 1
    double step;
};

}  // namespace

Corrupted defocus_blur(const Task& task) {
    constexpr Table<Disc> cifar{{{.3, .4}, {.4, .5}, {.5, .6}, {1, .2}, {1.5, .1}}};
    constexpr Table<Disc> large{{{3, .1}, {4, .5}, {6, .5}, {8, .5}, {10, .5}}};
    return to_255(filtered(unit(task.image), disc_kernel(task.constants(cifar, large))));
}

Corrupted glass_blur(const Task& task) {
    constexpr Table<Glass> cifar{{{.05, 1, 1}, {.25, 1, 1}, {.4, 1, 1}, {.25, 1, 2}, {.4, 1, 2}}};
    constexpr Table<Glass> large{{{.7, 1, 2}, {.9, 2, 1}, {1, 2, 3}, {1.1, 3, 2}, {1.5, 4, 2}}};
    const auto& glass = task.constants(cifar, large);
    auto x = unit(task.image);
    blur(x, glass.sigma);
    auto bytes = Bytes::made(x, [](double value) { return static_cast<uint8_t>(value * 255); });
    scatter(bytes, glass, task.draws);
    x = unit(bytes);
    blur(x, glass.sigma);
    return to_255(std::move(x));
}

Corrupted motion_blur(const Task& task) {
    constexpr Table<Motion> cifar{{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}};
    constexpr Table<Motion> large{{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}}};
    const auto& [radius, sigma] = task.constants(cifar, large);
    const double angle = task.draws.uniform(1, -45, 45)[0];
    return Corrupted::made(motion(task.image, radius, sigma, angle),
                           [](uint8_t value) { return double{1} * value; });
}

Corrupted zoom_blur(const Task& task) {
    // As many factors as numpy's arange returns. It should exclude the end of the range, but
    // sometimes includes it because of rounding.
    constexpr Table<Zoom> cifar{{{7, .01}, {12, .01}, {16, .01}, {21, .01}, {26, .01}}};
    constexpr Table<Zoom> large{{{12, .01}, {16, .01}, {11, .02}, {13, .02}, {11, .03}}};
    const auto& zoom = task.constants(cifar, large);
    const auto x = Floats::made(unit(task.image), [](double v) { return static_cast<float>(v); });
    auto sum = Floats::like(x);
    const double step = (1 + zoom.step) - 1;  // rounded as in arange
    for (int64_t i = 0; i < zoom.factors; ++i) {
        const auto larger = zoomed(x, 1 + static_cast<double>(i) * step);
        for (size_t k = 0; k < sum.values.size(); ++k) {
            sum.values[k] += larger.values[k];
        }
    }
    for (size_t k = 0; k < sum.values.size(); ++k) {
        sum.values[k] = (x.values[k] + sum.values[k]) / static_cast<float>(zoom.factors + 1);
    }
    return to_255(sum);
}

Corrupted gaussian_blur(const Task& task) {
    constexpr Table<double> cifar{.4, .6, .7, .8, 1};
    constexpr Table<double> large{1, 2, 3, 4, 6};
    auto x = unit(task.image);
    blur(x, task.constants(cifar, large));
    return to_255(std::move(x));
}

}  // namespace hfc::corrupt
