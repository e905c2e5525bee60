// Which training it is: what a checkpoint is compared by.
#pragma once

#include "checkpoint/store.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "optim/optimizer.h"
#include "train/train.h"

namespace hfc::train {

/// What two trainings must have in common for one to go on from the other's checkpoint: settings
/// and data. How many epochs is not part of it; neither is which GPU computes, nor the number of
/// threads that read, nor that of those that compute, which changes a last digit but not what is
/// trained. Checkpoints of versions that kept less of it are compared by what they have.
checkpoint::Json describe(const data::Dataset& dataset, const TrainOptions& options);
/// Likewise, the settings of an optimizer or of a group of its parameters.
checkpoint::Json describe(const optim::OptimizerOptions& options);
/// Null for none.
checkpoint::Json describe_transforms(const data::Transforms& transforms);

}  // namespace hfc::train
