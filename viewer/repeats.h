// Joins the curves of several runs that differ only in their seed: the mean and its interval.
#pragma once

#include <cstddef>
#include <vector>

namespace hfc::viewer {

struct Points {
    const std::vector<double>* x;
    const std::vector<double>* y;
};

/// The mean at each x, with the ends of its 95 % interval, as in the figures
/// (evidence::mean_interval). If only one curve has a value, both ends are equal to that value.
struct Repeats {
    std::vector<double> x, mean, low, high;
    size_t most = 0;  ///< the largest number of curves at one place
};

/// Values that are not finite are left out. If a curve has the same x twice, only the last value
/// counts.
Repeats join_repeats(const std::vector<Points>& curves);

}  // namespace hfc::viewer
