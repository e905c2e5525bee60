// Masks while they are learned: half spectra between 0 and 1.
#pragma once

#include "optim/optimizer.h"

#include <ATen/core/Tensor.h>

#include <memory>

namespace hfc::mask {

class Learner {
  public:
    /// `count` masks of ones, each for `channels` channels (1: shared by all).
    Learner(int64_t count, int64_t channels, int64_t height, int64_t width, at::Device device);

    /// Images seen through their masks: of one mask all, else one image a mask. Contiguous.
    at::Tensor through(const at::Tensor& transforms) const;

    /// One step of Adam from the images' gradients, summed for a mask that serves several, and from
    /// lambda |M|_1 / |ones|_1.
    void step(const at::Tensor& transforms, const at::Tensor& image_gradients, double lambda,
              double lr, double beta1);

    /// |M|_1 / |ones|_1: float64 [count] on the CPU.
    at::Tensor l1() const;

    /// Goes on with the masks at `rows` (int64) alone.
    void keep(const at::Tensor& rows);

    /// float32 [count, channels, H, W] on the CPU.
    at::Tensor masks() const;

  private:
    at::Tensor gradient(const at::Tensor& transforms, const at::Tensor& image_gradients) const;

    int64_t height_, width_;
    at::Tensor half_;  ///< [count, channels, H, W / 2 + 1], symmetric
    std::unique_ptr<optim::Optimizer> adam_;
};

/// PyTorch's OneCycleLR with its defaults but for the rising share.
class OneCycle {
  public:
    OneCycle(double max_lr, int64_t steps, double rising = 0.1);
    struct Setting {
        double lr;
        double beta1;
    };
    Setting at(int64_t step) const;

  private:
    double max_, rising_end_, end_;
};

}  // namespace hfc::mask
