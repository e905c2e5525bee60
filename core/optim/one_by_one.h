// The base class of optimizers without a fused kernel.
#pragma once

#include "optim/optimizer.h"

#include <ATen/core/Tensor.h>

namespace hfc::optim {

/// Updates the weights one by one. Weight decay has already been added to the gradient or
/// subtracted from the weight.
class OneByOne : public Optimizer {
  public:
    using Optimizer::Optimizer;

  protected:
    void update(const Batch& batch, const OptimizerOptions& o) override;
    virtual void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                            const OptimizerOptions& o) = 0;
};

}  // namespace hfc::optim
