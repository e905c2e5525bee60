#include "viewer/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hfc::viewer {
namespace {

std::string label_of(double value, double step) {
    char text[40];
    const double size = std::max(std::abs(value), step);
    if (value == 0 && step >= 1e6) {
        return "0";
    }
    if (size >= 1e6 || step < 1e-5) {
        const int digits = std::clamp(static_cast<int>(std::floor(std::log10(size) + 1e-9) -
                                                       std::floor(std::log10(step) + 1e-9)),
                                      0, 15);
        std::snprintf(text, sizeof text, "%.*e", digits, value);
    } else {
        std::snprintf(text, sizeof text, "%.*f",
                      std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9))), value);
    }
    return text;
}

}  // namespace

std::vector<Tick> linear_ticks(Range range, int most) {
    std::vector<Tick> ticks;
    const double extent = range.high - range.low;
    if (!(extent > 0) || !std::isfinite(extent) || most < 1) {
        return ticks;
    }
    const double power = std::pow(10, std::floor(std::log10(extent / most)));
    double step = 10 * power;
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (extent / (factor * power) <= most) {
            step = factor * power;
            break;
        }
    }
    const double first = std::ceil(range.low / step - 1e-9);
    for (int i = 0; i <= most && (first + i) * step <= range.high + 1e-9 * step; ++i) {
        const double value = (first + i) * step;
        ticks.push_back({value, label_of(value == 0 ? 0 : value, step)});
    }
    return ticks;
}

std::vector<Tick> log_ticks(Range range, int most) {
    const double first = std::ceil(range.low - 1e-9), last = std::floor(range.high + 1e-9);
    std::vector<Tick> ticks;
    if (last - first >= 1) {
        const double step = std::max(1.0, std::ceil((last - first + 1) / most));
        for (double value = first; value <= last; value += step) {
            char text[32];
            std::snprintf(text, sizeof text, "%g", std::pow(10, value));
            ticks.push_back({value, text});
        }
        return ticks;
    }
    for (auto& tick : linear_ticks({std::pow(10, range.low), std::pow(10, range.high)}, most)) {
        if (tick.value > 0) {
            ticks.push_back({std::log10(tick.value), std::move(tick.label)});
        }
    }
    return ticks;
}

Range fitted(double low, double high, double margin) {
    if (!(low <= high)) {
        return {0, 1};
    }
    const double extent = high - low;
    if (extent <= 1e-12 * std::max(std::abs(low), std::abs(high)) || extent == 0) {
        const double half = low == 0 ? 0.5 : 0.1 * std::abs(low);
        return {low - half, high + half};
    }
    return {low - margin * extent, high + margin * extent};
}

}  // namespace hfc::viewer
