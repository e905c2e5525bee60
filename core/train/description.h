// A description of a training run, to be compared with the one in a checkpoint.
#pragma once

#include "checkpoint/store.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "optim/optimizer.h"
#include "train/train.h"

namespace hfc::train {

/// The options and data that two training runs must have in common for one to continue from the
/// other's checkpoint. The number of epochs, the GPU, and the numbers of reading and computing
/// threads are not included. The number of computing threads affects only the last digits of the
/// results. For checkpoints from versions that stored fewer fields, only those fields are compared.
checkpoint::Json describe(const data::Dataset& dataset, const TrainOptions& options);
/// Describes the options of an optimizer or of one of its parameter groups.
checkpoint::Json describe(const optim::OptimizerOptions& options);
/// Returns null if there are no transforms.
checkpoint::Json describe_transforms(const data::Transforms& transforms);

}  // namespace hfc::train
