// BatchNorm over the images of all processes.
#pragma once

#include "parallel/group.h"

#include <ATen/core/Tensor.h>

namespace hfc::model {

/// While this object exists, BatchNorm layers in training mode normalise with statistics over the
/// images of all processes in the group. With a group of one process, nothing changes.
class SynchronisedNorms {
  public:
    /// synchronised: if false, nothing changes.
    SynchronisedNorms(parallel::Group& group, bool synchronised);
    ~SynchronisedNorms();
    SynchronisedNorms(const SynchronisedNorms&) = delete;
    SynchronisedNorms& operator=(const SynchronisedNorms&) = delete;

    /// nullptr if each process normalises on its own.
    static parallel::Group* group() noexcept;

  private:
    parallel::Group* before_;
};

/// The tensors and constants of a BatchNorm layer.
struct NormState {
    at::Tensor weight, bias;    ///< [channels]
    at::Tensor mean, variance;  ///< the running statistics, [channels]
    double momentum = .1, epsilon = 1e-5;
};

/// x is [n, channels, H, W], where n may differ between processes. Means and variances are combined
/// as in Chan, Golub and LeVeque (1979), which avoids a loss of precision in float32. The running
/// variance is unbiased, as in PyTorch.
at::Tensor synchronised_norm(parallel::Group& group, const at::Tensor& x, const NormState& state);

}  // namespace hfc::model
