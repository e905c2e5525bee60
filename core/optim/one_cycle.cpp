#include "optim/one_cycle.h"

#include <cmath>
#include <numbers>

namespace hfc::optim {

OneCycle::OneCycle(double max_lr, int64_t steps, double rising)
    : max_(max_lr),
      rising_end_(rising * static_cast<double>(steps) - 1),
      end_(static_cast<double>(steps) - 1) {}

OneCycle::Setting OneCycle::at(int64_t step) const {
    constexpr double division = 25, final_division = 1e4, least = 0.85, most = 0.95;
    const auto between = [](double from, double to, double fraction) {
        return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * fraction));
    };
    const auto now = static_cast<double>(step);
    if (now <= rising_end_) {
        const double fraction = rising_end_ > 0 ? now / rising_end_ : 1;
        return {between(max_ / division, max_, fraction), between(most, least, fraction)};
    }
    const double fraction = (now - rising_end_) / (end_ - rising_end_);
    return {between(max_, max_ / division / final_division, fraction),
            between(least, most, fraction)};
}

}  // namespace hfc::optim
