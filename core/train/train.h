// Training: the epoch loop of every experiment.
#pragma once

#include "data/dataset.h"
#include "data/loader.h"
#include "model/measure.h"
#include "model/model.h"
#include "optim/optimizer.h"
#include "run/control.h"
#include "train/metric.h"
#include "train/objective.h"
#include "train/rate_schedule.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::train {

/// Checkpoints, from which a training that was ended by whatever goes on to the same numbers, to
/// the last bit.
struct CheckpointOptions {
    std::filesystem::path folder = {};  ///< of this training alone; empty: none are written
    double seconds =
        60;            ///< between two within an epoch, at least 0; a tenth of it at an epoch's end
    int64_t keep = 2;  ///< how many of the newest stay, at least 1
    bool best = true;  ///< keep the best epoch's too, in folder/best: the one of the highest
                       ///< accuracy of the probe "validation", else of the least training loss
    bool resume = false;  ///< go on from the newest whole one in the folder, if there is one
    std::function<void(const std::string&)> warn =
        {};  ///< told of a damaged one that is passed over
};

struct TrainOptions {
    int64_t epochs = 100;                 ///< passes over the training set, at least 1
    int64_t batch_size = 100;             ///< at least 1; the last batch of an epoch may be smaller
    bool drop_last = false;               ///< a last batch of fewer images is left out
    std::optional<int64_t> threads = {};  ///< that read, as data::LoaderOptions has them: the
                                          ///< numbers are the same for any
    data::Bad bad = data::Bad::stop;      ///< at a sample that cannot be read
    optim::OptimizerOptions optimizer;
    /// In place of `optimizer`: one that steps parameters of the model, in groups with their own
    /// settings. What it remembers is kept in checkpoints; its rates are afterwards as before.
    std::shared_ptr<optim::Optimizer> given_optimizer = {};
    uint64_t seed = 0;  ///< of the order of the images (a new one each epoch) and of dropout
    std::vector<model::Probe> probes;     ///< evaluated after each epoch
    std::vector<MetricPtr> metrics = {};  ///< of each probe, beside what the objective measures it
                                          ///< by; their names differ
    model::Statistics statistics = {};    ///< BatchNorm's, for the probes
    int64_t probe_samples =
        0;  ///< evaluate each probe on this many of its images, drawn once by `seed`; 0: all. Views
            ///< on the same images get the same ones; a probe with fewer images is evaluated whole.
    at::Device device = at::kCPU;
    CheckpointOptions checkpoints;

    /// What the training images go through on the device, one after the other.
    data::Transforms transforms = {};
    ObjectivePtr objective = {};  ///< unset: cross-entropy
    /// BatchNorm normalises by the images of all processes; else each by its own.
    bool synchronised_norms = false;
    bool bfloat16 = false;          ///< forward and backward passes in bfloat16 (torch.autocast)
    RateSchedulePtr schedule = {};  ///< unset: the optimizer's lr throughout
    /// The decay of an exponential moving average of the weights, above 0 and below 1. The probes
    /// and observers see its weights, and the model has them in the end.
    std::optional<double> average = {};
    std::optional<double> clip_norm = {};  ///< the largest norm of all gradients together, above 0
    int64_t accumulate = 1;  ///< batches a step of the optimizer, at least 1: their gradients are
                             ///< those of one batch of all their images
    std::optional<data::Dataset> validation = {};  ///< a probe "validation" before the others
    /// The training ends once so many epochs have passed since the best one, at least 1; see
    /// CheckpointOptions::best for what is best.
    std::optional<int64_t> patience = {};
    std::function<run::Request()> request =
        {};  ///< asked between batches and after each epoch: pause, or stop after the epoch
};

/// Where a running epoch stands, told after each batch.
struct Progress {
    int64_t epoch = 0;  ///< one-based
    int64_t epochs = 0;
    int64_t batch = 0;  ///< one-based; 0 while the probes run
    int64_t batches = 0;
    double loss = 0;  ///< mean of the epoch so far (on CUDA it may lag some batches behind)
    double images_per_second = 0;  ///< training only, this epoch
    double seconds_left =
        0;  ///< of the whole training, estimated from what it took so far, probes included
};

/// What one epoch gave.
struct EpochResult {
    int64_t epoch = 0;  ///< one-based
    int64_t step = 0;   ///< optimizer steps since the beginning
    double loss = 0;    ///< mean over the epoch's images, as they were trained on
    std::vector<std::pair<std::string, double>> terms = {};  ///< the objective's, likewise
    double train_seconds = 0;
    double probe_seconds = 0;
    double images_per_second = 0;  ///< of the training part
    /// Of several processes: milliseconds a step, see parallel::GradientReducer::timers().
    std::map<std::string, double> timers = {};
    std::vector<std::pair<std::string, double>> accuracy;  ///< probe by probe, in their order
    std::vector<MetricValues> metrics = {};                ///< in their order
};

/// A step of the optimizer that was taken.
struct StepResult {
    int64_t epoch = 0;  ///< one-based
    int64_t step = 0;   ///< since the beginning, one-based
    double loss = 0;    ///< of the step's images
    double lr = 0;      ///< that the step was taken with
};

/// Who listens: a log, a progress line, a test. All may throw, which ends the training.
struct Observer {
    std::function<void(const Progress&)> on_batch = [](const Progress&) {};
    std::function<void(const EpochResult&)> on_epoch = [](const EpochResult&) {};
    /// Told after each step. It waits for the device.
    std::function<void(const StepResult&)> on_step = {};
    /// Told after an epoch of the samples that were skipped in it and not told before, if any.
    std::function<void(const std::vector<data::BadSample>&)> on_skipped = {};
};

/// Trains by an objective, channels_last, in training mode; moves the model to the device, and
/// gives it the class names of the data set. Same seed, machine and threads: the same numbers to
/// the last bit. For that, dropout being drawn from the global generators, it seeds those of the
/// CPU and of the device as it begins, and puts them back in the end. Returns the epochs' results.
/// Throws Error for an option out of range, for data that do not fit the model, where drop_last
/// leaves no batch, and as soon as a loss is not finite (naming epoch and batch; on the CPU before
/// the weights take the step, on CUDA some batches later, since looking at a loss waits for the
/// device); Interrupted after Ctrl-C, at the next batch, all finished epochs having been reported
/// and a checkpoint written. With options.checkpoints the last one is written after the last epoch,
/// and then stands alone beside the best. The processes of parallel::world() share each batch: all
/// must call it with the same arguments, and rank 0 alone reads and writes checkpoints and is asked
/// for requests. A training that goes on from a checkpoint tells the
/// observer of the epochs before it again; its times count from there.
std::vector<EpochResult> train(model::Model& model, const data::Dataset& dataset,
                               const TrainOptions& options, const Observer& observer = {});

}  // namespace hfc::train
