// One step of the optimizer: batches, gradients, the learning rate, the update.
#pragma once

#include "data/loader.h"
#include "optim/optimizer.h"
#include "parallel/gradients.h"
#include "parallel/group.h"
#include "train/best_weights.h"
#include "train/joint_loss.h"
#include "train/rate_schedule.h"
#include "train/resume.h"
#include "train/running_loss.h"
#include "train/train.h"
#include "train/weight_average.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace hfc::train {

/// Performs the steps of training, one after another.
class Stepper {
  public:
    /// Moves the model to the device, in the channels_last layout. All three arguments must outlive
    /// the stepper. Throws Error if no parameter of the model requires grad.
    Stepper(model::Model& model, const data::Dataset& dataset, const TrainOptions& options);

    /// Restores the optimizer's rates and momenta and removes the gradients.
    ~Stepper();
    Stepper(const Stepper&) = delete;
    Stepper& operator=(const Stepper&) = delete;

    /// Everything that the steps change.
    Trained trained() { return {model_, *optimizer_, average(), best()}; }
    /// nullptr if there is none.
    WeightAverage* average() { return average_ ? &*average_ : nullptr; }
    /// nullptr if the best weights are not kept.
    BestWeights* best() { return best_ ? &*best_ : nullptr; }
    /// The options of the optimizer's groups and the names of their parameters.
    checkpoint::Json describe_groups() const;
    /// The first parameter group's rate at the start of training.
    double lr() const { return rates_.front(); }
    /// Copies the weights and buffers of rank 0 to all processes.
    void share_model();
    /// See parallel::GradientReducer.
    std::map<std::string, double> timers() const { return gradients_->timers(); }
    /// The number of images, batches and steps per epoch, for all processes together.
    int64_t images() const;
    int64_t batches() const { return batches_; }
    int64_t steps() const { return steps_; }
    const Objective& objective() const { return *objective_; }
    /// Whether computing the gradients runs a script's code.
    bool runs_script() const { return objective_->runs_script(); }

    /// The input and the result of one step of the optimizer.
    struct Step {
        int64_t epoch = 0;
        int64_t number = 0;  ///< counted from one since the start of training
        int64_t batches = 0;
        int64_t images = 0;
        double lr = 0;
        at::Tensor loss = {};  ///< the mean over its images
    };

    /// Begins the step after the first `batch` batches of `epoch` (counted from one): sets its rate
    /// and removes the gradients.
    Step begin(int64_t epoch, int64_t batch);
    /// Adds the gradients of all images of the step, from all of its batches and all processes of
    /// parallel::world(). Throws Error if a loss is not a single number with a gradient, and throws
    /// like RunningLoss::add(); in both cases, the weights are unchanged. After Interrupted, the
    /// buffers and the random generators are in an intermediate state.
    void add_gradients(data::Loader& loader, Step& step, RunningLoss& losses);
    /// Clips the gradients and updates the weights.
    void finish(const Step& step);

  private:
    double factor_of(const Step& step) const;
    void remember_momenta();
    void set_momentum(const Moment& moment);
    optim::OptimizerOptions options_at_start(size_t i) const;
    Loss loss_of(const TrainingBatch& batch) const;
    TrainingBatch prepare(const data::Batch& batch, const Step& step) const;
    void require_gradient() const;
    void require_enough_images() const;
    void require_known_norms() const;
    void draw_for(const Step& step) const;
    void join(std::vector<BatchLoss>& parts, Step& step, RunningLoss& losses) const;
    void clip_gradients(const Step& step) const;

    model::Model& model_;
    const data::Dataset& dataset_;
    const TrainOptions& options_;
    parallel::Group& group_;
    int64_t batches_;
    int64_t steps_;
    ObjectivePtr objective_;
    std::shared_ptr<optim::Optimizer> optimizer_;
    std::vector<double> rates_;    ///< the groups' rates at the start
    std::vector<double> momenta_;  ///< likewise, if the schedule moves them
    std::optional<WeightAverage> average_;
    std::optional<BestWeights> best_;
    std::optional<parallel::GradientReducer> gradients_;
    std::vector<at::Tensor> statistics_;  ///< BatchNorm's statistics of this process's images
};

}  // namespace hfc::train
