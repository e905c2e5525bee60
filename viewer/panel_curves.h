// A curve of a run as a plot takes it.
#pragma once

#include "viewer/choice.h"
#include "viewer/plot.h"

#include <vector>

namespace hfc::viewer {

/// Smoothed, in logarithms where an axis is logarithmic, with the range of its points. The curve
/// refers to `x` unless it is on a logarithmic axis.
PlotCurve prepare_curve(const std::vector<double>& x, const std::vector<double>& y, float smoothing,
                        const Choice& choice);

/// The mean of several runs' curves with its interval as a band.
PlotCurve prepare_repeats(const std::vector<const Curve*>& curves, Axis axis, const Choice& choice);

}  // namespace hfc::viewer
