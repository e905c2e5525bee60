// Curves of several runs that differ only in their seed, as one: the mean and its interval.
#pragma once

#include <cstddef>
#include <vector>

namespace hfc::viewer {

struct Points {
    const std::vector<double>* x;
    const std::vector<double>* y;
};

/// The mean at each place, with the ends of its 95 % interval as figures have them
/// (evidence::mean_interval). Where one curve alone has a value, the ends are that value.
struct Repeats {
    std::vector<double> x, mean, low, high;
    size_t most = 0;  ///< curves at one place
};

/// Values that are not finite are left out. A curve that has a place twice counts with its last
/// value there.
Repeats join_repeats(const std::vector<Points>& curves);

}  // namespace hfc::viewer
