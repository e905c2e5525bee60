// Intervals for the numbers that an experiment reports: a mean over seeds, a proportion over
// images, a difference between two settings with the same seeds.
#pragma once

#include <cstdint>
#include <vector>

namespace hfc::evidence {

inline constexpr double usual_level = 0.95;

struct Interval {
    double mean = 0;
    double low = 0;
    double high = 0;
    int64_t n = 0;  ///< the number of values in the mean

    /// Half the width of an interval that is symmetric about the mean.
    double half() const { return (high - low) / 2; }
    /// Whether the whole interval is on one side of 0. False if there is no interval (n = 1).
    bool excludes_zero() const { return low > 0 || high < 0; }
};

/// The mean and Student's t interval for n - 1 degrees of freedom. For a single value, `low` and
/// `high` are NaN. Throws Error for an empty list, a value that is not finite, and a level outside
/// (0, 1).
Interval mean_interval(const std::vector<double>& values, double level = usual_level);

/// Wilson's score interval for a proportion, without continuity correction; mean is successes / n.
/// Throws Error unless 0 <= successes <= n, n >= 1 and 0 < level < 1.
Interval wilson(int64_t successes, int64_t n, double level = usual_level);

/// mean_interval() of a[i] - b[i]. Also throws Error if the lists have different lengths.
Interval paired_difference(const std::vector<double>& a, const std::vector<double>& b,
                           double level = usual_level);

}  // namespace hfc::evidence
