// Masks that are being learned: half spectra with values between 0 and 1.
#pragma once

#include "optim/optimizer.h"

#include <ATen/core/Tensor.h>

#include <memory>

namespace hfc::mask {

class Learner {
  public:
    /// Makes `count` masks of ones, each for `channels` channels (1: one mask for all channels).
    Learner(int64_t count, int64_t channels, int64_t height, int64_t width, at::Device device);

    /// Applies the masks to images: a single mask to all images, or one mask per image. The result
    /// is contiguous.
    at::Tensor through(const at::Tensor& transforms) const;

    /// Takes one Adam step. A mask's gradient is the sum of the gradients of its images plus the
    /// gradient of lambda |M|_1 / |ones|_1.
    void step(const at::Tensor& transforms, const at::Tensor& image_gradients, double lambda,
              double lr, double beta1);

    /// |M|_1 / |ones|_1: float64 [count] on the CPU.
    at::Tensor l1() const;

    /// Keeps only the masks at `rows` (int64).
    void keep(const at::Tensor& rows);

    /// float32 [count, channels, H, W] on the CPU.
    at::Tensor masks() const;

  private:
    at::Tensor gradient(const at::Tensor& transforms, const at::Tensor& image_gradients) const;

    int64_t height_, width_;
    at::Tensor half_;  ///< [count, channels, H, W / 2 + 1], symmetric
    std::unique_ptr<optim::Optimizer> adam_;
};

}  // namespace hfc::mask
