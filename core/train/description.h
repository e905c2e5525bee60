// A description of a training run, which is compared with the description in a checkpoint.
#pragma once

#include "checkpoint/store.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "optim/optimizer.h"
#include "train/train.h"

namespace hfc::train {

/// The options and data that two training runs must have in common so that one can continue from
/// the other's checkpoint. The number of epochs, the GPU, and the numbers of reading and computing
/// threads are not included. The number of computing threads changes only the last digits. For
/// checkpoints from versions that stored fewer fields, only those fields are compared.
checkpoint::Json describe(const data::Dataset& dataset, const TrainOptions& options);
/// Likewise, for the options of an optimizer or of a group of its parameters.
checkpoint::Json describe(const optim::OptimizerOptions& options);
/// Null if there are none.
checkpoint::Json describe_transforms(const data::Transforms& transforms);

}  // namespace hfc::train
