// The weights of the best epoch of a training run.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "tensor_file/tensor_file.h"
#include "train/train.h"
#include "train/weight_copy.h"

#include <vector>

namespace hfc::train {

/// Keeps a copy of the parameters and buffers from the best epoch so far. If several epochs are
/// equally good, the last one counts as the best.
class BestWeights {
  public:
    /// `model` must outlive this object.
    explicit BestWeights(model::Model& model);

    /// Call it after each epoch. earlier: the results of all earlier epochs. last: the result of
    /// this epoch, with the model's current weights.
    void update(const std::vector<EpochResult>& earlier, const EpochResult& last);
    /// Copies the best weights to the model.
    void put() { best_.put(); }

    /// The copies, with their names in a checkpoint.
    tensor_file::NamedTensors state() const { return best_.state(); }
    /// Throws Error, before changing anything, if a tensor is missing or has the wrong shape.
    void restore(const checkpoint::Checkpoint& checkpoint) { best_.restore(checkpoint); }

  private:
    WeightCopy best_;
};

}  // namespace hfc::train
