// Functions that only the schedules use.
#pragma once

#include "optim/schedule.h"

#include "base/error.h"

#include <cmath>

namespace hfc::optim {

/// Makes a schedule and takes its first step.
template <typename T, typename... Args>
SchedulePtr start_schedule(int64_t last_epoch, Args&&... args) {
    auto schedule = std::make_shared<T>(std::forward<Args>(args)...);
    schedule->start(last_epoch);
    return schedule;
}

inline void require_at_least(const char* what, double value, double least) {
    require(std::isfinite(value) && value >= least, "{} must be at least {}, got {}", what, least,
            value);
}

inline void require_finite(const char* what, double value) {
    require(std::isfinite(value), "{} must be a finite number, got {}", what, value);
}

/// Throws Error unless `value` is one of two names.
inline void require_one_of(const char* what, const std::string& value, const char* first,
                           const char* second) {
    require(value == first || value == second, "{} must be '{}' or '{}', got '{}'", what, first,
            second, value);
}

}  // namespace hfc::optim
