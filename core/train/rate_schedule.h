// The learning rate during training, as a factor that multiplies the optimizer's rate. The factor
// depends only on the position in training, so a resumed run needs no stored state for it. A
// schedule may also change the momentum.
#pragma once

#include "checkpoint/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::train {

/// An optimizer step that is about to be performed.
struct Moment {
    int64_t step = 0;             ///< the number of steps before this one
    int64_t steps_per_epoch = 1;  ///< at least 1
    int64_t epochs = 1;           ///< the total number of epochs

    /// The number of epochs so far, including the fraction of the current epoch.
    double epoch() const {
        return static_cast<double>(step) / static_cast<double>(steps_per_epoch);
    }
};

/// To add a new kind of schedule, derive a class from this one.
class RateSchedule {
  public:
    RateSchedule() = default;
    RateSchedule(const RateSchedule&) = delete;
    RateSchedule& operator=(const RateSchedule&) = delete;
    virtual ~RateSchedule() = default;

    /// Non-negative.
    virtual double factor(const Moment& moment) const = 0;
    /// The momentum of the step (Adam's beta1), in [0,1); nothing if it does not change.
    virtual std::optional<double> momentum(const Moment& /*moment*/) const { return {}; }
    /// The description that is stored in checkpoints and compared on resuming. epochs: the total
    /// number of epochs, on which some schedules depend.
    virtual checkpoint::Json describe(int64_t epochs) const = 0;
};

using RateSchedulePtr = std::shared_ptr<const RateSchedule>;

struct RateScheduleOptions {
    /// "constant"; "cosine": half a cosine from 1 to `least` over the epochs after the warm-up;
    /// "linear": a straight line between the same values; "step": times gamma every `size` epochs;
    /// "multistep": times gamma at each of `milestones`; "exponential": times gamma every epoch;
    /// "one_cycle": optim::OneCycle over all steps, with the optimizer's rate as its maximum.
    std::string name = "cosine";
    /// The number of epochs at the start during which the rate rises linearly to the schedule's
    /// rate; non-negative.
    double warmup = 0;
    double pct_start = 0.3;  ///< one_cycle: the fraction of steps in which the rate rises, in (0,1)
    double least = 0;        ///< cosine, linear: in [0,1]
    double gamma = 0.1;      ///< step, multistep, exponential: above 0
    int64_t size = 30;       ///< step: at least 1
    std::vector<double> milestones = {};  ///< multistep: epochs in ascending order, at least one
};

/// The valid values of RateScheduleOptions::name.
const std::vector<std::string>& known_rate_schedules();

/// Throws Error for an unknown name or an option out of range.
RateSchedulePtr make_rate_schedule(const RateScheduleOptions& options);

}  // namespace hfc::train
