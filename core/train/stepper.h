// One step of the optimizer: batches, their gradients, the learning rate, the update.
#pragma once

#include "data/loader.h"
#include "optim/optimizer.h"
#include "train/loss_meter.h"
#include "train/train.h"

#include <memory>

namespace hfc::train {

/// Takes the steps of a training, one after the other.
class Stepper {
  public:
    /// Moves the model to the device, channels_last. All three must outlive the stepper. Throws
    /// Error for a model without a parameter that asks for a gradient.
    Stepper(model::Model& model, const data::Dataset& dataset, const TrainOptions& options);

    optim::Optimizer& optimizer() const { return *optimizer_; }
    /// Of an epoch: images, batches, steps.
    int64_t images() const;
    int64_t batches() const { return batches_; }
    int64_t steps() const { return steps_; }
    /// Whether gradients are computed by code of a script.
    const Objective& objective() const { return *objective_; }
    bool runs_script() const { return objective_->runs_script(); }

    /// What a step of the optimizer was taken from.
    struct Step {
        int64_t epoch = 0;
        int64_t number = 0;  ///< one-based, since the beginning
        int64_t batches = 0;
        int64_t images = 0;
        double lr = 0;
        at::Tensor loss = {};  ///< the mean over its images
    };

    /// The step behind `batch` batches of the epoch (one-based), at its rate, without gradients.
    Step begin(int64_t epoch, int64_t batch);
    /// The gradients of all images of the step, whatever their batches. Throws Error for a loss
    /// that is not one number with a gradient, and as LossMeter::add() does; the weights are then
    /// as before. Interrupted leaves buffers and generators in between.
    void add_gradients(data::Loader& loader, Step& step, LossMeter& losses);
    /// Limits the gradients and updates the weights.
    void finish(const Step& step);

  private:
    double rate_of(const Step& step) const;
    Loss loss_of(const TrainingBatch& batch) const;
    TrainingBatch prepare(const data::Batch& batch, const Step& step) const;
    void require_gradient() const;
    void clip_gradients(const Step& step) const;

    model::Model& model_;
    const data::Dataset& dataset_;
    const TrainOptions& options_;
    int64_t batches_;
    int64_t steps_;
    ObjectivePtr objective_;
    std::unique_ptr<optim::Optimizer> optimizer_;
};

}  // namespace hfc::train
