// Stores the state of a training run between two batches in a checkpoint, and restores it.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/best_weights.h"
#include "train/description.h"
#include "train/running_loss.h"
#include "train/train.h"
#include "train/weight_average.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// The position of a training run.
struct Position {
    /// The epoch to continue with, counted from one; options.epochs + 1 if all are finished.
    int64_t epoch = 1;
    int64_t batch = 0;                 ///< the number of its batches that are finished
    RunningLoss::Sums losses;          ///< of these batches
    std::vector<EpochResult> results;  ///< of the epochs before it
    bool stopped = false;  ///< training ended here, before its last epoch, because of a request
};

/// Everything that training changes. All of these objects must outlive this struct.
struct Trained {
    model::Model& model;
    optim::Optimizer& optimizer;
    WeightAverage* average = nullptr;  ///< nullptr if there is none
    BestWeights* best = nullptr;       ///< likewise
};

/// Copies the model, the optimizer, the averaged and the best weights, the random generators of the
/// CPU and of the model's device, and the position. `training` is the description of the training
/// run; restore() compares it with that of the resumed run.
checkpoint::Checkpoint capture(const Trained& trained, const Position& position,
                               const checkpoint::Json& training);

/// Restores everything that capture() copied and returns the position. The model's tensors keep
/// their memory layouts. Throws Error, before changing anything, if the checkpoint belongs to a
/// different training run. The Error names the first option that differs, or the tensor that is
/// missing, has the wrong shape or (for a generator's state) comes from another version of
/// LibTorch. Calls `warn` if the last digits of the numbers may differ because the number of
/// threads or processes has changed.
Position restore(const checkpoint::Checkpoint& checkpoint, const Trained& trained,
                 const checkpoint::Json& training,
                 const std::function<void(const std::string&)>& warn = {});

}  // namespace hfc::train
