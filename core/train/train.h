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

/// Checkpoints. An interrupted training run that resumes from a checkpoint gives bit-identical
/// results.
struct CheckpointOptions {
    std::filesystem::path folder = {};  ///< only for this training run; empty if none are written
    /// Seconds between two checkpoints within an epoch, non-negative. At the end of an epoch, a
    /// checkpoint is written even if only a tenth of this time has passed.
    double seconds = 60;
    int64_t keep = 2;  ///< the number of newest checkpoints to keep, at least 1
    /// Also keep the best epoch, in folder/best: the one with the highest accuracy on the
    /// "validation" probe or, without that probe, the lowest training loss.
    bool best = true;
    /// Continue from the newest intact checkpoint in the directory, if there is one.
    bool resume = false;
    std::function<void(const std::string&)> warn =
        {};  ///< called with a message about a damaged checkpoint that is skipped
};

struct TrainOptions {
    int64_t epochs = 100;      ///< the number of passes over the training set, at least 1
    int64_t batch_size = 100;  ///< at least 1; the last batch of an epoch may be smaller
    bool drop_last = false;    ///< leave out a last batch that is smaller
    /// The number of reading threads, as in data::LoaderOptions; it does not affect the results.
    std::optional<int64_t> threads = {};
    data::Bad bad = data::Bad::stop;  ///< what to do with a sample that cannot be read
    optim::OptimizerOptions optimizer;
    /// Used instead of `optimizer`: an optimizer for parameters of the model, in groups with their
    /// own options. Checkpoints contain its state; its rates are restored after training.
    std::shared_ptr<optim::Optimizer> given_optimizer = {};
    uint64_t seed = 0;  ///< seeds the order of the images (a new one in each epoch) and dropout
    std::vector<model::Probe> probes;     ///< evaluated after each epoch
    std::vector<MetricPtr> metrics = {};  ///< further metrics for each probe, with different names
    model::Statistics statistics = {};    ///< BatchNorm's statistics for the probes
    /// Evaluate each probe on this many of its images, drawn once with `seed`; 0 means all. Views
    /// of the same images get the same subset; a probe with fewer images is evaluated completely.
    int64_t probe_samples = 0;
    at::Device device = at::kCPU;
    CheckpointOptions checkpoints;

    /// The transforms applied to the training images, on the device and in this order.
    data::Transforms transforms = {};
    ObjectivePtr objective = {};  ///< cross-entropy if unset
    /// If true, BatchNorm normalises over the images of all processes; otherwise each process uses
    /// only its own.
    bool synchronised_norms = false;
    bool bfloat16 = false;  ///< run forward and backward passes in bfloat16 (torch.autocast)
    RateSchedulePtr schedule = {};  ///< the optimizer's lr throughout if unset
    /// The decay of an exponential moving average of the weights, strictly between 0 and 1. The
    /// probes and observers use the averaged weights, and the model keeps them after training.
    std::optional<double> average = {};
    std::optional<double> clip_norm = {};  ///< the maximum norm of all gradients together, above 0
    /// The number of batches per step of the optimizer, at least 1. The gradients are the same as
    /// for a single batch that contains all images of these batches.
    int64_t accumulate = 1;
    /// After training, the model has the weights of the best epoch, as defined at
    /// CheckpointOptions::best. If several epochs are equally good, the last one is used.
    bool keep_best = false;
    /// Measured as the "validation" probe, before the other probes.
    std::optional<data::Dataset> validation = {};
    /// Training ends when this many epochs (at least 1) have passed since the best epoch, as
    /// defined at CheckpointOptions::best.
    std::optional<int64_t> patience = {};
    /// Called between batches and after each epoch; returns a request to pause, or to stop after
    /// the epoch.
    std::function<run::Request()> request = {};
};

/// The position in the current epoch, reported after each batch.
struct Progress {
    int64_t epoch = 0;  ///< counted from one
    int64_t epochs = 0;
    int64_t batch = 0;  ///< counted from one; 0 while the probes run
    int64_t batches = 0;
    double loss = 0;  ///< mean over the epoch so far (on CUDA it may lag a few batches behind)
    double images_per_second = 0;  ///< training only, this epoch
    /// Remaining time of the whole training run, including probes, estimated from the time taken so
    /// far.
    double seconds_left = 0;
};

/// The result of one epoch.
struct EpochResult {
    int64_t epoch = 0;  ///< counted from one
    int64_t step = 0;   ///< the number of optimizer steps since the start
    double loss = 0;    ///< mean over the epoch's training images
    std::vector<std::pair<std::string, double>> terms = {};  ///< the objective's terms, likewise
    double train_seconds = 0;
    double probe_seconds = 0;
    double images_per_second = 0;  ///< for the training part
    /// With several processes: times in milliseconds per step, see
    /// parallel::GradientReducer::timers().
    std::map<std::string, double> timers = {};
    std::vector<std::pair<std::string, double>> accuracy;  ///< one per probe, in their order
    std::vector<MetricValues> metrics = {};  ///< in the order of TrainOptions::metrics
};

/// A completed optimizer step.
struct StepResult {
    int64_t epoch = 0;  ///< counted from one
    int64_t step = 0;   ///< since the start, counted from one
    double loss = 0;    ///< mean over the step's images
    double lr = 0;      ///< the learning rate of the step
};

/// Functions called during training, for example by a log, a progress line or a test. Any of them
/// may throw, which ends training.
struct Observer {
    std::function<void(const Progress&)> on_batch = [](const Progress&) {};
    std::function<void(const EpochResult&)> on_epoch = [](const EpochResult&) {};
    /// Called after each step. If it is set, training waits for the device after each step.
    std::function<void(const StepResult&)> on_step = {};
    /// Called after an epoch if samples were skipped that have not been reported yet; the argument
    /// contains these samples.
    std::function<void(const std::vector<data::BadSample>&)> on_skipped = {};
};

/// Trains with an objective, with the model in training mode. Moves the model to the device, in the
/// channels_last layout, and copies the data set's class names to the model. The same seed, machine
/// and number of threads give bit-identical results. Dropout uses the global random generators, so
/// training seeds the generators of the CPU and of the device when it starts and restores them when
/// it ends. Returns the results of the epochs.
///
/// Throws Error if an option is out of range, if the data do not fit the model, if drop_last leaves
/// no batch, or as soon as a loss is not finite (naming the epoch and the batch). On the CPU, the
/// loss is checked before the weights are updated; on CUDA, it is checked a few batches later,
/// because reading a loss means waiting for the device. After Ctrl-C, throws Interrupted at the
/// next batch, once all finished epochs have been reported and a checkpoint has been written. If
/// options.checkpoints names a directory, a final checkpoint is written after the last epoch, and
/// all other checkpoints except that of the best epoch are deleted.
///
/// The processes of parallel::world() share each batch. All of them must call this function with
/// the same arguments; only rank 0 reads and writes checkpoints and handles requests. When training
/// continues from a checkpoint, it reports the earlier epochs to the observer again; times are
/// measured only from that point on.
std::vector<EpochResult> train(model::Model& model, const data::Dataset& dataset,
                               const TrainOptions& options, const Observer& observer = {});

}  // namespace hfc::train
