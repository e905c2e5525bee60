// A description of a training run, which is compared with that in a checkpoint.
#pragma once

#include "checkpoint/store.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "optim/optimizer.h"
#include "train/train.h"

namespace hfc::train {

/// What two training runs must have in common so that one can continue from the other's checkpoint:
/// options and data. The number of epochs is not part of it, and neither are the GPU, the number of
/// reading threads, and the number of computing threads, which changes the last digits but not what
/// is trained. Checkpoints of versions that stored fewer fields are compared by the fields that
/// they have.
checkpoint::Json describe(const data::Dataset& dataset, const TrainOptions& options);
/// Likewise, for the options of an optimizer or of a group of its parameters.
checkpoint::Json describe(const optim::OptimizerOptions& options);
/// Null for none.
checkpoint::Json describe_transforms(const data::Transforms& transforms);

}  // namespace hfc::train
