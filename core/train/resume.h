// A training put aside between two batches and taken up again: what decides how it goes on, as a
// checkpoint.
#pragma once

#include "checkpoint/store.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "train/description.h"
#include "train/running_loss.h"
#include "train/train.h"
#include "train/weight_average.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Where a training stands.
struct Position {
    int64_t epoch = 1;  ///< the one to go on with, one-based; options.epochs + 1: all are done
    int64_t batch = 0;  ///< how many of its batches are done
    RunningLoss::Sums losses;          ///< of those
    std::vector<EpochResult> results;  ///< of the epochs before it
    bool stopped = false;  ///< it ended here, before its last epoch, because somebody asked for it
};

/// What a training changes. All must outlive this.
struct Trained {
    model::Model& model;
    optim::Optimizer& optimizer;
    WeightAverage* average = nullptr;  ///< nullptr: there is none
};

/// Copies of model, optimizer and average, the generators of the CPU and of the model's device, and
/// the position. `training` says which training it is, for restore() to compare.
checkpoint::Checkpoint capture(const Trained& trained, const Position& position,
                               const checkpoint::Json& training);

/// Puts all of it back where it was and returns the position. The tensors' memory layouts stay
/// those of the model. Throws Error, before it changes anything, when the checkpoint is of another
/// training: it names the first setting that differs, or the tensor that is missing, of another
/// shape or of another version of LibTorch (a generator's state). `warn` is told where the numbers
/// may differ in their last digits all the same, because the number of threads does.
Position restore(const checkpoint::Checkpoint& checkpoint, const Trained& trained,
                 const checkpoint::Json& training,
                 const std::function<void(const std::string&)>& warn = {});

}  // namespace hfc::train
