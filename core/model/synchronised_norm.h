// BatchNorm over the images of all processes.
#pragma once

#include "parallel/group.h"

#include <ATen/core/Tensor.h>

namespace hfc::model {

/// While it lives, BatchNorm layers in training mode normalise by the statistics of the images of
/// all processes of the group. A group of one changes nothing.
class SynchronisedNorms {
  public:
    /// synchronised: false changes nothing.
    SynchronisedNorms(parallel::Group& group, bool synchronised);
    ~SynchronisedNorms();
    SynchronisedNorms(const SynchronisedNorms&) = delete;
    SynchronisedNorms& operator=(const SynchronisedNorms&) = delete;

    /// nullptr: each process by itself.
    static parallel::Group* group() noexcept;

  private:
    parallel::Group* before_;
};

/// What a layer keeps and changes.
struct NormState {
    at::Tensor weight, bias;    ///< [channels]
    at::Tensor mean, variance;  ///< the running ones, [channels]
    double momentum = .1, epsilon = 1e-5;
};

/// x [n, channels, H, W], another number n on each process. Means and variances are combined as
/// Chan, Golub and LeVeque (1979) do, so that float32 loses no digits. The running variance is the
/// unbiased one, as PyTorch's.
at::Tensor synchronised_norm(parallel::Group& group, const at::Tensor& x, const NormState& state);

}  // namespace hfc::model
