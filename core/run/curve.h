// The points that a viewer keeps in memory for a curve.
#pragma once

#include "base/natural_order.h"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace hfc::run {

/// The quantity on the horizontal axis.
enum class Axis { epoch, step, time };

/// One curve: values with their position on each axis, in the order in which they were logged. A
/// value that is not finite becomes NaN, which leaves a gap in the curve. A position that is
/// missing from the event is also NaN.
struct Curve {
    std::array<std::vector<double>, 3> x;  ///< by Axis
    std::vector<double> y;

    const std::vector<double>& along(Axis axis) const { return x[static_cast<size_t>(axis)]; }
    void add(const std::array<double, 3>& place, double value);
    /// Keeps only the lowest and the highest of every four points, and reduces later points to the
    /// same density.
    void thin();
    bool thinned() const { return each_ > 1; }

  private:
    void push(const std::array<double, 3>& place, double value);
    void copy(size_t from, size_t to);

    size_t each_ = 1;      ///< this many logged points become two: the lowest and the highest
    size_t gathered_ = 0;  ///< the number of logged points that the last two represent
};

/// By name.
using Curves = std::map<std::string, Curve, NaturalOrder>;

}  // namespace hfc::run
