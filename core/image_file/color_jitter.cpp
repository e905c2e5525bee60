#include "image_file/color_jitter.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>

namespace hfc::image_file {
namespace {

uint8_t byte_of(float value) {
    return static_cast<uint8_t>(std::clamp(value, 0.F, 255.F));
}

/// The luma of ITU-R BT.601, rounded down.
float grey_of(uint8_t red, uint8_t green, uint8_t blue) {
    return std::floor(0.2989F * static_cast<float>(red) + 0.587F * static_cast<float>(green) +
                      0.114F * static_cast<float>(blue));
}

uint8_t mixed(uint8_t value, float other, float factor) {
    return byte_of(factor * static_cast<float>(value) + (1 - factor) * other);
}

void change_contrast(float factor, uint8_t* planes, int64_t pixels) {
    double sum = 0;
    for (int64_t i = 0; i < pixels; ++i) {
        sum += grey_of(planes[i], planes[pixels + i], planes[2 * pixels + i]);
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(pixels));
    std::transform(planes, planes + 3 * pixels, planes,
                   [&](uint8_t value) { return mixed(value, mean, factor); });
}

void change_saturation(float factor, uint8_t* planes, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) {
        const auto grey = grey_of(planes[i], planes[pixels + i], planes[2 * pixels + i]);
        for (int64_t channel = 0; channel < 3; ++channel) {
            auto& value = planes[channel * pixels + i];
            value = mixed(value, grey, factor);
        }
    }
}

/// The hue in sixths of the colour circle, starting at red; 0 for grey.
float hue_of(float red, float green, float blue, float largest, float range) {
    if (range == 0) {
        return 0;
    }
    if (largest == red) {
        return (green - blue) / range;
    }
    return largest == green ? 2 + (blue - red) / range : 4 + (red - green) / range;
}

void turn_hue(float turn, uint8_t* planes, int64_t pixels) {
    for (int64_t i = 0; i < pixels; ++i) {
        std::array<float, 3> color = {};
        for (size_t channel = 0; channel < 3; ++channel) {
            color[channel] =
                static_cast<float>(planes[static_cast<int64_t>(channel) * pixels + i]) / 255;
        }
        const auto [least, largest] = std::ranges::minmax(color);
        const auto range = largest - least;
        const auto hue = hue_of(color[0], color[1], color[2], largest, range) + 6 * turn;
        // A channel falls from the largest to the smallest value as the hue moves away from its
        // colour.
        constexpr std::array<float, 3> from = {5, 3, 1};
        for (size_t channel = 0; channel < 3; ++channel) {
            const auto place = hue + from[channel];
            const auto sixth = place - 6 * std::floor(place / 6);
            const auto value = largest - range * std::clamp(std::min(sixth, 4 - sixth), 0.F, 1.F);
            constexpr float just_below_256 = 255.999F;
            planes[static_cast<int64_t>(channel) * pixels + i] = byte_of(value * just_below_256);
        }
    }
}

}  // namespace

void require_valid(const JitterOptions& options) {
    const auto check = [](double value, const char* name, double most) {
        require(value >= 0 && value <= most, "color_jitter: {} must be 0 to {}, got {}", name, most,
                value);
    };
    constexpr double most = 10;
    check(options.brightness, "brightness", most);
    check(options.contrast, "contrast", most);
    check(options.saturation, "saturation", most);
    check(options.hue, "hue", 0.5);
    require(
        options != JitterOptions{},
        "color_jitter: at least one of brightness, contrast, saturation and hue must be above 0");
}

std::vector<ColorChange> random_color_changes(const JitterOptions& options,
                                              const Uniform& uniform) {
    constexpr int orders = 24;
    auto order = std::min(orders - 1, static_cast<int>(uniform() * orders));
    const auto factor = [&](double reach) {
        const auto least = std::max(0., 1 - reach);
        return least + (1 + reach - least) * uniform();
    };
    std::vector<ColorChange> left = {{ColorKind::brightness, factor(options.brightness)},
                                     {ColorKind::contrast, factor(options.contrast)},
                                     {ColorKind::saturation, factor(options.saturation)},
                                     {ColorKind::hue, options.hue * (2 * uniform() - 1)}};
    const std::array<double, 4> reach = {options.brightness, options.contrast, options.saturation,
                                         options.hue};
    std::vector<ColorChange> changes;
    while (!left.empty()) {
        const auto count = static_cast<int>(left.size());
        const auto chosen = left.begin() + order % count;
        order /= count;
        if (reach[static_cast<size_t>(chosen->kind)] > 0) {
            changes.push_back(*chosen);
        }
        left.erase(chosen);
    }
    return changes;
}

void change_colors(const ColorChange& change, uint8_t* planes, int64_t pixels) {
    const auto factor = static_cast<float>(change.factor);
    switch (change.kind) {
        case ColorKind::brightness:
            std::transform(planes, planes + 3 * pixels, planes, [&](uint8_t value) {
                return byte_of(factor * static_cast<float>(value));
            });
            break;
        case ColorKind::contrast:
            change_contrast(factor, planes, pixels);
            break;
        case ColorKind::saturation:
            change_saturation(factor, planes, pixels);
            break;
        case ColorKind::hue:
            turn_hue(factor, planes, pixels);
            break;
    }
}

}  // namespace hfc::image_file
