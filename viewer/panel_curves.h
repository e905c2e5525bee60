// Prepares the curves of runs for plots.
#pragma once

#include "viewer/choice.h"
#include "viewer/plot.h"

#include <vector>

namespace hfc::viewer {

/// Smooths the curve, takes logarithms for logarithmic axes, and computes the range of the points.
/// The curve refers to `x` without copying it, unless the x axis is logarithmic.
PlotCurve prepare_curve(const std::vector<double>& x, const std::vector<double>& y, float smoothing,
                        const Choice& choice);

/// The mean of several runs' curves, with its interval as a band.
PlotCurve prepare_repeats(const std::vector<const Curve*>& curves, Axis axis, const Choice& choice);

}  // namespace hfc::viewer
