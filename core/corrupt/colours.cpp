// Brightness, contrast, saturation.
#include "corrupt/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hfc::corrupt {
namespace {

using Colour = std::array<double, 3>;

/// Computed in the same order as in scikit-image, in float64: a different order would be visible
/// after truncation to bytes.
Colour to_hsv(const Colour& rgb) {
    const auto [r, g, b] = rgb;
    const double most = std::max({r, g, b});
    const double delta = most - std::min({r, g, b});
    if (delta == 0) {
        return {0, 0, most};
    }
    double hue = 0;
    if (b == most) {
        hue = 4 + (r - g) / delta;
    } else if (g == most) {
        hue = 2 + (b - r) / delta;
    } else {
        hue = (g - b) / delta;
    }
    hue /= 6;
    return {hue - std::floor(hue), delta / most, most};
}

Colour to_rgb(const Colour& hsv) {
    const auto [h, s, v] = hsv;
    const double sixth = std::floor(h * 6);
    const double f = h * 6 - sixth;
    const double p = v * (1 - s);
    const double q = v * (1 - f * s);
    const double t = v * (1 - (1 - f) * s);
    switch (static_cast<int>(sixth) % 6) {
        case 0:
            return {v, t, p};
        case 1:
            return {q, v, p};
        case 2:
            return {p, v, t};
        case 3:
            return {p, q, v};
        case 4:
            return {t, p, v};
        default:
            return {v, p, q};
    }
}

template <typename Change>
Corrupted in_hsv(const Bytes& image, const Change& change) {
    auto x = unit(image);
    const auto count = static_cast<size_t>(x.pixels());
    double* red = x.values.data();
    double* green = red + count;
    double* blue = green + count;
    for (size_t i = 0; i < count; ++i) {
        auto hsv = to_hsv({red[i], green[i], blue[i]});
        change(hsv);
        const auto rgb = to_rgb(hsv);
        red[i] = rgb[0];
        green[i] = rgb[1];
        blue[i] = rgb[2];
    }
    return to_255(std::move(x));
}

struct Line {
    double factor;
    double shift;
};

}  // namespace

Corrupted brightness(const Task& task) {
    constexpr Table<double> cifar{.05, .1, .15, .2, .3};
    constexpr Table<double> large{.1, .2, .3, .4, .5};
    const double more = task.constants(cifar, large);
    return in_hsv(task.image, [&](Colour& hsv) { hsv[2] = std::clamp(hsv[2] + more, 0.0, 1.0); });
}

Corrupted saturate(const Task& task) {
    constexpr Table<Line> cifar{{{.3, 0}, {.1, 0}, {1.5, 0}, {2, .1}, {2.5, .2}}};
    constexpr Table<Line> large{{{.3, 0}, {.1, 0}, {2, 0}, {5, .1}, {20, .2}}};
    const auto& line = task.constants(cifar, large);
    return in_hsv(task.image, [&](Colour& hsv) {
        hsv[1] = std::clamp(hsv[1] * line.factor + line.shift, 0.0, 1.0);
    });
}

Corrupted contrast(const Task& task) {
    constexpr Table<double> cifar{.75, .5, .4, .3, .15};
    constexpr Table<double> large{.4, .3, .2, .1, .05};
    const double factor = task.constants(cifar, large);
    auto x = unit(task.image);
    for (int64_t c = 0; c < x.channels; ++c) {
        double* plane = x.row(c, 0);
        double mean = 0;
        for (int64_t i = 0; i < x.pixels(); ++i) {
            mean += plane[i];
        }
        mean /= static_cast<double>(x.pixels());
        for (int64_t i = 0; i < x.pixels(); ++i) {
            plane[i] = (plane[i] - mean) * factor + mean;
        }
    }
    return to_255(std::move(x));
}

}  // namespace hfc::corrupt
