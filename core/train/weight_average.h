// The exponential moving average of a model's weights.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "tensor_file/tensor_file.h"
#include "train/weight_copy.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Averages parameters and floating-point buffers; other buffers are copied from the model. Works
/// like torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn and use_buffers = True: the
/// first update copies the weights.
class WeightAverage {
  public:
    /// decay: the fraction of the average that remains after an update, strictly between 0 and 1.
    /// `model` must outlive the average.
    WeightAverage(model::Model& model, double decay);

    /// Call it after each step.
    void update();
    /// The model's current weights. Throws Error if their number or any shape has changed.
    std::vector<at::Tensor> weights() const { return average_.current(); }
    /// Swaps the average with `weights`, a result of weights(). Skips weights whose shape has
    /// changed since then.
    void swap(const std::vector<at::Tensor>& weights);

    /// The average and the number of updates, with their names in a checkpoint.
    tensor_file::NamedTensors state() const;
    /// Throws Error, before changing anything, if a tensor is missing or has the wrong shape.
    void restore(const checkpoint::Checkpoint& checkpoint);

  private:
    double decay_;
    WeightCopy average_;
    int64_t updates_ = 0;
};

/// Makes the model use the averaged weights within a scope. Does nothing if `average` is nullptr.
class AveragedScope {
  public:
    explicit AveragedScope(WeightAverage* average);
    ~AveragedScope();
    AveragedScope(const AveragedScope&) = delete;
    AveragedScope& operator=(const AveragedScope&) = delete;

  private:
    WeightAverage* average_;
    std::vector<at::Tensor> weights_;  ///< the same in both swaps, even if a callback adds weights
};

}  // namespace hfc::train
