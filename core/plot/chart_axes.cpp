#include "plot/chart_axes.h"

#include "base/error.h"
#include "plot/gnuplot_text.h"

#include <algorithm>
#include <cmath>

namespace hfc::plot {
namespace {

void include(Range& range, double value, const Axis& axis) {
    if (std::isfinite(value) && (!axis.log || value > 0)) {
        range.low = std::min(range.low, value);
        range.high = std::max(range.high, value);
    }
}

/// Extends the range to the outer edges of the first and last cells.
void include_cells(Range& range, std::pair<double, double> middles, size_t count,
                   const Axis& axis) {
    auto [first, last] = middles;
    if (first == last) {
        first = 0;
        last = static_cast<double>(count) - 1;
    }
    const double half =
        count > 1 ? std::abs(last - first) / static_cast<double>(count - 1) / 2 : 0.5;
    include(range, std::min(first, last) - half, axis);
    include(range, std::max(first, last) + half, axis);
}

/// Whether the values are so close together, relative to their size, that an axis treats them as
/// one.
bool one_value(const Range& range) {
    return range.high - range.low <= 1e-9 * std::max(std::abs(range.low), std::abs(range.high));
}

/// Adds space at both ends, so that the outermost points are not cut off.
Range padded(const Range& range, const Axis& axis, double part) {
    if (axis.log) {
        const double room = one_value(range) ? 2 : std::pow(range.high / range.low, part);
        return {range.low / room, range.high * room};
    }
    if (one_value(range)) {
        const double room = std::max({std::abs(range.high) * part, std::abs(range.low) * part, .5});
        return {range.low - room, range.high + room};
    }
    const double room = (range.high - range.low) * part;
    return {range.low - room, range.high + room};
}

bool whole(double value) {
    return value == std::floor(value);
}

/// The smallest step of 1, 2 or 5 times a power of ten that gives no more than `most` tics.
double step_for(double extent, double most) {
    const double least = extent / most;
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1, 2, 5}) {
        if (factor * power >= least * (1 - 1e-9)) {
            return factor * power;
        }
    }
    return 10 * power;
}

/// The number of digits needed to distinguish the tics.
int digits_for(const Range& range) {
    const double largest = std::max(std::abs(range.low), std::abs(range.high));
    const double extent = range.high - range.low;
    if (largest == 0 || extent <= 0) {
        return 6;
    }
    return std::clamp(static_cast<int>(std::ceil(std::log10(largest / extent))) + 2, 6, 15);
}

/// Tics at powers of ten and, if there are only a few of them, also at 2 and 5 times each power.
std::string log_tics(const Range& range, double most) {
    const double first = std::floor(std::log10(range.low)), last = std::log10(range.high);
    const double step = std::ceil((last - first) / most);
    std::string list;
    for (double power = first; power <= last && step < 400; power += step) {
        for (const double factor : {1, 2, 5}) {
            if (factor == 1 || (step <= 1 && 3 * (last - first) <= most)) {
                list +=
                    fmt::format("{}{:.6g}", list.empty() ? "" : ", ", factor * std::pow(10, power));
            }
        }
    }
    return list.empty() ? "autofreq" : "(" + list + ")";
}

std::string category_tics(const std::vector<std::string>& categories) {
    std::string list;
    for (size_t i = 0; i < categories.size(); ++i) {
        list += fmt::format("{}{} {}", i > 0 ? ", " : "", quote(categories[i]), i);
    }
    return "(" + list + ")";
}

/// The step between tics, large enough for their labels to fit. length: as for axis_commands().
double linear_step(const Range& range, const Range& values, char letter, double length) {
    double label = 3;
    double step = 1;
    for (int i = 0; i < 3; ++i) {
        const double most = letter == 'x' ? std::max(1.0, length / (label + 2.5)) : length;
        step = step_for(range.high - range.low, most);
        const auto text = [&](double value) {
            return fmt::format("{:.{}g}", std::round(value / step) * step, digits_for(range));
        };
        label = static_cast<double>(std::max(text(range.low).size(), text(range.high).size()));
    }
    // If the x values start and end at integers (such as epochs), there are no tics between
    // integers.
    const bool whole_ends = whole(values.low) && whole(values.high);
    return letter == 'x' && whole_ends ? std::max(step, 1.0) : step;
}

Range shown(const Axis& axis, const Range& values, char letter) {
    if (axis.range) {
        return {axis.range->first, axis.range->second};
    }
    if (axis.unit) {
        return {-0.02, 1.02};
    }
    if (!axis.categories.empty()) {
        return {-0.6, static_cast<double>(axis.categories.size()) - 0.4};
    }
    if (values.empty()) {
        return axis.log ? Range{0.1, 10} : Range{0, 1};
    }
    return padded(values, axis, letter == 'x' ? 0.03 : 0.05);
}

}  // namespace

Range horizontal_range(const Panel& panel) {
    Range range;
    for (const auto& curve : panel.curves) {
        for (const auto& [x, y] : curve.points) {
            include(range, x, panel.x);
        }
    }
    if (panel.map) {
        include_cells(range, panel.map->x, panel.map->columns, panel.x);
    }
    return range;
}

Range vertical_range(std::span<const Panel> panels) {
    Range range;
    for (const auto& panel : panels) {
        for (const auto& curve : panel.curves) {
            for (const auto& [x, y] : curve.points) {
                include(range, y, panel.y);
            }
            for (const auto& [low, high] : curve.band) {
                include(range, low, panel.y);
                include(range, high, panel.y);
            }
            if (curve.kind == Kind::bars) {
                include(range, 0, panel.y);
            }
        }
        if (panel.map) {
            include_cells(range, panel.map->y, panel.map->rows(), panel.y);
        }
    }
    return range;
}

bool are_wide(const Axis& axis, double length) {
    double letters = 0;
    for (const auto& name : axis.categories) {
        letters += static_cast<double>(characters(name)) + 2;
    }
    return letters > length;
}

std::string axis_commands(char letter, const Axis& axis, const Range& values, double length,
                          bool downwards) {
    const auto range = shown(axis, values, letter);
    const bool turned = letter == 'x' && are_wide(axis, length);
    const auto tics = !axis.categories.empty() ? category_tics(axis.categories)
                      : axis.unit              ? "0,0.2,1"
                      : axis.log
                          ? log_tics(range, length)
                          : fmt::format("{:.9g}", linear_step(range, values, letter, length));
    return fmt::format(
        "{} {}\nset {}range [{:.17g}:{:.17g}]\nset format {} '%.{}g'\nset {}tics {} {}\n",
        axis.log ? "set logscale" : "unset logscale", letter, letter,
        downwards ? range.high : range.low, downwards ? range.low : range.high, letter,
        axis.log ? 6 : digits_for(range), letter, turned ? "rotate by -40" : "norotate", tics);
}

}  // namespace hfc::plot
