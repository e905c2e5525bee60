#include "evidence/statistics.h"

#include "base/error.h"

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace hfc::evidence {
namespace {

void check_level(double level) {
    require(level > 0 && level < 1, "'level' must be between 0 and 1, got {}", level);
}

/// The two tails have equal weight.
double upper_tail(double level) {
    return (1 - level) / 2;
}

double mean_of(const std::vector<double>& values) {
    // A long double has eleven more bits, so the sum of many equal values stays exact.
    long double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return static_cast<double>(sum / static_cast<long double>(values.size()));
}

double standard_error(const std::vector<double>& values, double mean) {
    long double sum = 0;
    for (const double value : values) {
        const auto distance = static_cast<long double>(value) - mean;
        sum += distance * distance;
    }
    const auto n = static_cast<long double>(values.size());
    return static_cast<double>(std::sqrt(sum / (n - 1) / n));
}

}  // namespace

Interval mean_interval(const std::vector<double>& values, double level) {
    check_level(level);
    require(!values.empty(), "values must not be empty");
    for (size_t i = 0; i < values.size(); ++i) {
        require(std::isfinite(values[i]), "values must be finite, got {} at position {}", values[i],
                i + 1);
    }
    const double mean = mean_of(values);
    const auto n = static_cast<int64_t>(values.size());
    if (n == 1) {
        constexpr auto nan = std::numeric_limits<double>::quiet_NaN();
        return {.mean = mean, .low = nan, .high = nan, .n = n};
    }
    const boost::math::students_t distribution(static_cast<double>(n - 1));
    const double t = boost::math::quantile(complement(distribution, upper_tail(level)));
    const double half = t * standard_error(values, mean);
    return {.mean = mean, .low = mean - half, .high = mean + half, .n = n};
}

Interval wilson(int64_t successes, int64_t n, double level) {
    check_level(level);
    require(n >= 1, "n must be at least 1, got {}", n);
    require(successes >= 0 && successes <= n, "successes must be between 0 and n = {}, got {}", n,
            successes);
    const auto count = static_cast<double>(n);
    const double p = static_cast<double>(successes) / count;
    const double z = boost::math::quantile(complement(boost::math::normal(), upper_tail(level)));
    const double z2 = z * z;
    const double centre = (static_cast<double>(successes) + z2 / 2) / (count + z2);
    const double half = z / (count + z2) * std::sqrt(count * p * (1 - p) + z2 / 4);
    return {.mean = p,
            .low = successes == 0 ? 0 : std::max(0.0, centre - half),
            .high = successes == n ? 1 : std::min(1.0, centre + half),
            .n = n};
}

Interval paired_difference(const std::vector<double>& a, const std::vector<double>& b,
                           double level) {
    require(a.size() == b.size(), "'a' and 'b' must have the same number of values, got {} and {}",
            a.size(), b.size());
    std::vector<double> differences(a.size());
    std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>());
    return mean_interval(differences, level);
}

}  // namespace hfc::evidence
