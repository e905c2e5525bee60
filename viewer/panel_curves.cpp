#include "viewer/panel_curves.h"

#include "viewer/repeats.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hfc::viewer {
namespace {

std::vector<double> logarithms(const std::vector<double>& values) {
    std::vector<double> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(),
                   [](double value) { return value > 0 ? std::log10(value) : NAN; });
    return result;
}

void widen(Range& range, double value) {
    range = {std::min(range.low, value), std::max(range.high, value)};
}

void measure(PlotCurve& curve) {
    for (size_t i = 0; i < curve.y.size(); ++i) {
        const double at = (*curve.x)[i];
        if (!std::isfinite(at)) {
            continue;
        }
        for (const auto* const values : {&curve.y, &curve.low, &curve.high}) {
            if (i < values->size() && std::isfinite((*values)[i])) {
                widen(curve.x_range, at);
                widen(values == &curve.y ? curve.y_range : curve.band_range, (*values)[i]);
            }
        }
    }
    widen(curve.band_range, curve.y_range.low);
    widen(curve.band_range, curve.y_range.high);
}

std::vector<double> smoothed(const std::vector<double>& y, float smoothing, bool logarithmic) {
    auto result = smoothing > 0 ? smooth(y, static_cast<double>(smoothing)) : y;
    return logarithmic ? logarithms(result) : result;
}

}  // namespace

PlotCurve prepare_curve(const std::vector<double>& x, const std::vector<double>& y, float smoothing,
                        const Choice& choice) {
    PlotCurve result;
    result.x = &x;
    if (choice.logarithmic_x) {
        result.held = std::make_shared<const std::vector<double>>(logarithms(x));
        result.x = result.held.get();
    }
    result.y = smoothed(y, smoothing, choice.logarithmic);
    measure(result);
    return result;
}

PlotCurve prepare_repeats(const std::vector<const Curve*>& curves, Axis axis,
                          const Choice& choice) {
    std::vector<Points> points;
    points.reserve(curves.size());
    for (const auto* const curve : curves) {
        points.push_back({&curve->along(axis), &curve->y});
    }
    auto joined = join_repeats(points);
    PlotCurve result;
    result.held = std::make_shared<const std::vector<double>>(
        choice.logarithmic_x ? logarithms(joined.x) : std::move(joined.x));
    result.x = result.held.get();
    result.y = smoothed(joined.mean, choice.smoothing, choice.logarithmic);
    if (joined.most > 1) {
        result.low = smoothed(joined.low, choice.smoothing, choice.logarithmic);
        result.high = smoothed(joined.high, choice.smoothing, choice.logarithmic);
    }
    measure(result);
    return result;
}

}  // namespace hfc::viewer
