// The learning rate over a training: a factor of the optimizer's rate, which depends on the place
// in the training alone, so that a resumed training needs no state of it.
#pragma once

#include "checkpoint/store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hfc::train {

/// A step of the optimizer that is about to be taken.
struct Moment {
    int64_t step = 0;             ///< how many were taken before
    int64_t steps_per_epoch = 1;  ///< at least 1
    int64_t epochs = 1;           ///< of the whole training

    /// Epochs done, with a fraction.
    double epoch() const {
        return static_cast<double>(step) / static_cast<double>(steps_per_epoch);
    }
};

/// A new kind of schedule is a class made from this one.
class RateSchedule {
  public:
    RateSchedule() = default;
    RateSchedule(const RateSchedule&) = delete;
    RateSchedule& operator=(const RateSchedule&) = delete;
    virtual ~RateSchedule() = default;

    /// At least 0.
    virtual double factor(const Moment& moment) const = 0;
    /// What a checkpoint compares. epochs: of the whole training, on which some schedules depend.
    virtual checkpoint::Json describe(int64_t epochs) const = 0;
};

using RateSchedulePtr = std::shared_ptr<const RateSchedule>;

struct RateScheduleOptions {
    /// "constant"; "cosine": half a cosine from 1 to `least` over the epochs behind the warm-up;
    /// "linear": the same along a line; "step": times gamma every `size` epochs; "multistep": times
    /// gamma at each of `milestones`; "exponential": times gamma every epoch.
    std::string name = "cosine";
    double warmup = 0;   ///< epochs, at least 0, in which the rate rises along a line to its factor
    double least = 0;    ///< cosine, linear: in [0,1]
    double gamma = 0.1;  ///< step, multistep, exponential: above 0
    int64_t size = 30;   ///< step: at least 1
    std::vector<double> milestones = {};  ///< multistep: epochs, rising, at least one
};

/// The names of RateScheduleOptions.
const std::vector<std::string>& known_rate_schedules();

/// Throws Error for an unknown name and for a setting out of range.
RateSchedulePtr make_rate_schedule(const RateScheduleOptions& options);

}  // namespace hfc::train
