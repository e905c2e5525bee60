// The one-cycle policy as a function of the step.
#pragma once

#include <cstdint>

namespace hfc::optim {

/// PyTorch's OneCycleLR with its defaults, except for the fraction of steps in which the rate
/// rises.
class OneCycle {
  public:
    /// rising: the fraction of the steps in which the rate rises, in [0,1].
    OneCycle(double max_lr, int64_t steps, double rising);
    struct Setting {
        double lr;
        double momentum;  ///< Adam's beta1, or the momentum
    };
    Setting at(int64_t step) const;

  private:
    double max_, rising_end_, end_;
};

}  // namespace hfc::optim
