// Stores a training run between two batches and restores it, as a checkpoint.
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

/// Everything that training changes. All of it must outlive this object.
struct Trained {
    model::Model& model;
    optim::Optimizer& optimizer;
    WeightAverage* average = nullptr;  ///< nullptr if there is none
    BestWeights* best = nullptr;       ///< likewise
};

/// Copies the model, the optimizer, the average, the generators of the CPU and of the model's
/// device, and the position. `training` describes the training run, for restore() to compare.
checkpoint::Checkpoint capture(const Trained& trained, const Position& position,
                               const checkpoint::Json& training);

/// Restores all of it and returns the position. The model's tensors keep their memory layouts.
/// Throws Error, before it changes anything, if the checkpoint belongs to another training run. The
/// Error names the first option that differs, or the tensor that is missing, has another shape or
/// comes from another version of LibTorch (a generator's state). Calls `warn` if the last digits of
/// the numbers may differ because the number of threads or processes has changed.
Position restore(const checkpoint::Checkpoint& checkpoint, const Trained& trained,
                 const checkpoint::Json& training,
                 const std::function<void(const std::string&)>& warn = {});

}  // namespace hfc::train
