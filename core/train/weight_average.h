// The exponential moving average of a model's weights.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <ATen/core/Tensor.h>

#include <vector>

namespace hfc::train {

/// Parameters and floating-point buffers are averaged; other buffers are those of the model. As
/// torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn and use_buffers = True: the first
/// update takes the weights over.
class WeightAverage {
  public:
    /// decay: how much of the average stays at an update, above 0 and below 1. `model` must outlive
    /// the average.
    WeightAverage(model::Model& model, double decay);

    /// After a step.
    void update();
    /// The average and the model's weights change places.
    void swap();

    /// The average and the number of updates, under the names that they have in a checkpoint.
    tensor_file::NamedTensors state() const;
    /// Throws Error, before it changes anything, where a tensor is missing or of another shape.
    void restore(const checkpoint::Checkpoint& checkpoint);

  private:
    std::vector<at::Tensor> weights() const;

    model::Model& model_;
    double decay_;
    std::vector<at::Tensor> average_;
    int64_t updates_ = 0;
};

/// The model has the average's weights for a scope. None where `average` is nullptr.
class AveragedScope {
  public:
    explicit AveragedScope(WeightAverage* average);
    ~AveragedScope();
    AveragedScope(const AveragedScope&) = delete;
    AveragedScope& operator=(const AveragedScope&) = delete;

  private:
    WeightAverage* average_;
};

}  // namespace hfc::train
