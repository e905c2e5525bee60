// A copy of a model's weights that is stored in checkpoints.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "tensor_file/tensor_file.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace hfc::train {

/// Copies of the parameters and buffers of a model, in the order of model::state_of().
class WeightCopy {
  public:
    /// name: the prefix of the tensors' names in a checkpoint. meaning: the name of the copy in
    /// messages, such as "best weights". `model` must outlive this object.
    WeightCopy(model::Model& model, std::string name, std::string meaning);

    /// The copies.
    const std::vector<at::Tensor>& tensors() const { return tensors_; }
    /// The model's current weights and buffers, one for each stored copy, sharing the model's
    /// memory. Throws Error if their number or any shape has changed.
    std::vector<at::Tensor> current() const;

    /// Copies the model's current weights and buffers. Throws like current().
    void take();
    /// Copies the stored weights and buffers back to the model. Throws like current().
    void put() const;

    /// The copies, with their names in a checkpoint.
    tensor_file::NamedTensors state() const;
    /// Throws Error, before changing anything, if a tensor is missing or has the wrong shape.
    void restore(const checkpoint::Checkpoint& checkpoint);

  private:
    std::string name_of(size_t place) const;

    model::Model& model_;
    std::string name_;
    std::string meaning_;
    std::vector<at::Tensor> tensors_;
};

}  // namespace hfc::train
