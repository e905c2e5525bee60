#include "train/train.h"

#include "base/device.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "data/loader.h"
#include "data/order.h"
#include "model/share.h"
#include "parallel/group.h"
#include "parallel/launch.h"
#include "train/asked.h"
#include "train/checkpointer.h"
#include "train/probes.h"
#include "train/rewind.h"
#include "train/running_loss.h"
#include "train/stepper.h"
#include "train/stopwatch.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

namespace hfc::train {
namespace {

data::LoaderOptions loading_of(const TrainOptions& options) {
    data::LoaderOptions loading;
    loading.batch_size = options.batch_size;
    loading.drop_last = options.drop_last;
    loading.threads = options.threads;
    loading.bad = options.bad;
    return loading;
}

void require_valid(const TrainOptions& options) {
    require(options.epochs >= 1, "epochs must be at least 1, got {}", options.epochs);
    require(options.batch_size >= 1, "the batch size must be at least 1, got {}",
            options.batch_size);
    require(options.probe_samples >= 0,
            "probe_samples must be at least 1, or 0 for all images, got {}", options.probe_samples);
    require(options.checkpoints.seconds >= 0,
            "the number of seconds between checkpoints must be >= 0, got {}",
            options.checkpoints.seconds);
    data::require_valid(loading_of(options));
    optim::require_valid(options.optimizer);
    require(options.optimizer.name != "lbfgs",
            "the optimizer lbfgs is not supported (it requires a closure); expected one of {}",
            fmt::join(optim::known_optimizers(), ", "));
    require(!options.clip_norm || (std::isfinite(*options.clip_norm) && *options.clip_norm > 0),
            "clip_norm must be a finite number above 0, got {}", options.clip_norm.value_or(0));
    require(options.accumulate >= 1, "'accumulate' must be at least 1 batch per step, got {}",
            options.accumulate);
    require(options.metrics.empty() || !options.probes.empty() || options.validation,
            "metrics require probes or a validation set, but neither was given");
    require(options.patience.value_or(1) >= 1,
            "the patience of early_stop must be at least 1 epoch, got {}",
            options.patience.value_or(0));
}

void seed_global_generators(at::Device device, uint64_t seed) {
    const auto seed_one = [&](at::Device one) {
        auto generator = at::globalContext().defaultGenerator(one);
        const std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_current_seed(derive_seed(seed, "dropout"));
    };
    seed_one(at::kCPU);
    if (!device.is_cpu()) {
        seed_one(device);
    }
}

/// Uses cuDNN's deterministic algorithms within a scope; CPU algorithms are always deterministic.
class RepeatableCudnn {
  public:
    RepeatableCudnn() : before_(at::globalContext().deterministicCuDNN()) {
        at::globalContext().setDeterministicCuDNN(true);
    }
    ~RepeatableCudnn() { at::globalContext().setDeterministicCuDNN(before_); }
    RepeatableCudnn(const RepeatableCudnn&) = delete;
    RepeatableCudnn& operator=(const RepeatableCudnn&) = delete;

  private:
    bool before_;
};

/// One call of train().
class Training {
  public:
    Training(model::Model& model, const data::Dataset& dataset, const TrainOptions& options,
             const Observer& observer)
        : model_(model),
          dataset_(dataset),
          options_(options),
          observer_(observer),
          probes_(sample(options.probes, options.probe_samples, options.seed)),
          stepper_(model, dataset, options),
          stopwatch_(options.epochs, stepper_.images(), probe_images()),
          generators_(options.device),
          group_(parallel::world()),
          held_(!group_.leads()) {
        seed_global_generators(options_.device, options_.seed);
        checkpointer_.emplace(stepper_, dataset_, options_);
        may_stop_in_a_batch_ =
            calls_back(model_) || dataset_.runs_script() || stepper_.runs_script();
    }

    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

    std::vector<EpochResult> run() {
        position_ = checkpointer_->begin();
        stepper_.share_model();
        model_.class_names = dataset_.class_names();
        restore_probe_names();
        stopwatch_.skip(position_.epoch - 1, position_.batch * options_.batch_size);
        const Rewind beginning(model_, options_.device);
        {
            const AveragedScope averaged(stepper_.average());
            for (const auto& result : position_.results) {
                report(result);
            }
        }
        beginning.restore();  // reporting these epochs again must not advance the generators
        while (position_.epoch <= options_.epochs && !position_.stopped) {
            run_epoch();
            position_.stopped = position_.epoch <= options_.epochs &&
                                agree(out_of_patience() || requested(run::Request::stop));
            if (position_.epoch <= options_.epochs && !position_.stopped) {
                checkpointer_->save_epoch(position_);
            } else {
                checkpointer_->save_last(position_);
            }
        }
        if (auto* average = stepper_.average()) {
            average->swap(average->weights());  // permanently
        }
        if (auto* best = stepper_.best()) {
            best->put();
        }
        return position_.results;
    }

  private:
    /// Checkpoints contain the names as UTF-8; the script expects the names that it passed.
    void restore_probe_names() {
        for (auto& result : position_.results) {
            restore_probe_names(result.accuracy);
            for (auto& metric : result.metrics) {
                restore_probe_names(metric.values);
            }
        }
    }

    void restore_probe_names(std::vector<std::pair<std::string, double>>& values) const {
        for (size_t i = 0; i < std::min(values.size(), probes_.size()); ++i) {
            values[i].first = probes_[i].name;
        }
    }

    int64_t probe_images() const {
        int64_t count = 0;
        for (const auto& probe : probes_) {
            count += probe.dataset.size();
        }
        return count;
    }

    void run_epoch() {
        EpochResult result;
        result.epoch = position_.epoch;
        train_epoch(result);
        result.step = result.epoch * stepper_.steps();
        const std::optional<Rewind> beginning(std::in_place, model_, options_.device);
        try {
            const AveragedScope averaged(stepper_.average());
            run_probes(result);
            keep_if_best(result);
            report(result);
            report_skipped();
        } catch (const Interrupted&) {
            save_rewound(beginning);  // the steps of this epoch are complete
            throw;
        }
        position_.results.push_back(result);
        position_.epoch = result.epoch + 1;
        position_.batch = 0;
        position_.losses = {};
    }

    void keep_if_best(const EpochResult& result) {
        if (auto* best = stepper_.best()) {
            best->update(position_.results, result);
        }
    }

    bool out_of_patience() const {
        return options_.patience && epochs_since_best(position_.results) >= *options_.patience;
    }

    void report(const EpochResult& result) const {
        if (observer_.on_epoch) {
            observer_.on_epoch(result);
        }
    }

    void report_skipped() {
        if (observer_.on_skipped && !skipped_.empty()) {
            observer_.on_skipped(skipped_);
        }
        skipped_.clear();
    }

    /// A bad sample is skipped in every epoch but reported only once.
    void remember(const std::vector<data::BadSample>& skipped) {
        std::ranges::copy_if(skipped, std::back_inserter(skipped_), [&](const auto& one) {
            return known_skipped_.insert(one.sample).second;
        });
    }

    void train_epoch(EpochResult& result) {
        model_.train();
        stopwatch_.start_training();
        auto loading = loading_of(options_);
        loading.first = position_.batch;
        loading.draw = {options_.seed, result.epoch};
        const auto share = model::share_of(group_);
        loading.batch_size = data::rows_of(options_.batch_size, share);
        const auto order =
            data::part_of_batches(data::epoch_order(dataset_.size(), options_.seed, result.epoch),
                                  options_.batch_size, options_.drop_last, share);
        data::Loader loader(dataset_, order, loading);
        RunningLoss losses(result.epoch, stepper_.lr(), position_.losses);
        while (position_.batch < stepper_.batches()) {
            pause_between_batches(losses);
            const auto taken = step(loader, result.epoch, losses);
            stopwatch_.trained(taken.images);
            position_.batch += taken.batches;
            tell(result.epoch, position_.batch, losses.mean());
            tell_step(taken);
        }
        losses.flush();
        position_.losses = losses.sums();
        remember(loader.skipped());
        synchronize(options_.device);
        result.loss = losses.mean();
        result.terms = losses.term_means();
        result.timers = stepper_.timers();
        result.images_per_second = stopwatch_.images_per_second();
        result.train_seconds = stopwatch_.end_training();
    }

    bool requested(run::Request request) const {
        return options_.request && options_.request() == request;
    }

    /// Whether any process has `own` set.
    bool agree(bool own) const { return group_.agree(own ? 1 : 0) != 0; }
    Asked ask_all() const {
        return train::ask_all(group_, requested(run::Request::pause), checkpointer_->due());
    }

    /// Nothing is in progress here, so this is the place for checkpoints, pauses and Ctrl-C.
    void pause_between_batches(RunningLoss& losses) {
        auto asked = ask_all();
        if (asked.pause || asked.end || asked.checkpoint) {
            losses.flush();
            position_.losses = losses.sums();
            if (asked.pause || asked.end) {
                checkpointer_->save_now(position_);
            } else {
                checkpointer_->save(position_);
            }
        }
        if (asked.pause) {
            asked = wait_while_paused();
        }
        if (asked.end) {
            parallel::agree_to_end();
            throw Interrupted();
        }
    }

    Asked wait_while_paused() {
        const auto begin = std::chrono::steady_clock::now();
        auto asked = ask_all();
        while (asked.pause && !asked.end) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            asked = ask_all();
        }
        stopwatch_.paused(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
        return asked;
    }

    Stepper::Step step(data::Loader& loader, int64_t epoch, RunningLoss& losses) {
        auto step = stepper_.begin(epoch, position_.batch);
        std::optional<Rewind> beginning;
        if (may_stop_in_a_batch_) {
            beginning.emplace(model_, options_.device);
        }
        try {
            stepper_.add_gradients(loader, step, losses);
        } catch (const Interrupted&) {
            losses.flush();
            position_.losses = losses.sums();
            save_rewound(beginning);
            throw;
        }
        stepper_.finish(step);
        return step;
    }

    void tell_step(const Stepper::Step& step) const {
        if (observer_.on_step) {
            observer_.on_step({step.epoch, step.number, step.loss.item<double>(), step.lr});
        }
    }

    /// Called when Ctrl-C has stopped a callback: the checkpoint contains the state from before the
    /// callback.
    void save_rewound(const std::optional<Rewind>& beginning) {
        if (beginning) {
            beginning->restore();
        }
        checkpointer_->save_now(position_);
    }

    void run_probes(EpochResult& result) {
        stopwatch_.start_probes();
        if (!probes_.empty()) {
            tell(result.epoch, 0, result.loss);
            probe(result);
        }
        result.probe_seconds = stopwatch_.end_probes();
    }

    void probe(EpochResult& result) {
        model::MeasureOptions options;
        options.inference.statistics = options_.statistics;
        options.after_batch = [&](double share) {
            stopwatch_.probed(share);
            tell(result.epoch, 0, result.loss);
        };
        MetricRecorder recorder(options_.metrics, probes_);
        recorder.listen(options);
        const auto accuracies = stepper_.objective().measure(model_, probes_, options);
        for (size_t i = 0; i < probes_.size(); ++i) {
            result.accuracy.emplace_back(probes_[i].name, accuracies[i]);
        }
        result.metrics = recorder.values();
    }

    void tell(int64_t epoch, int64_t batch, double loss) {
        if (observer_.on_batch) {
            observer_.on_batch({epoch, options_.epochs, batch, stepper_.batches(), loss,
                                stopwatch_.images_per_second(), stopwatch_.seconds_left()});
        }
    }

    model::Model& model_;
    const data::Dataset& dataset_;
    const TrainOptions& options_;
    const Observer& observer_;
    std::vector<model::Probe> probes_;
    Stepper stepper_;
    Stopwatch stopwatch_;
    GeneratorScope generators_;
    RepeatableCudnn repeatable_;
    parallel::Group& group_;
    HeldInterrupts held_;  ///< only rank 0 may stop within a batch, after a checkpoint
    std::optional<Checkpointer> checkpointer_;
    bool may_stop_in_a_batch_ = false;
    std::vector<data::BadSample> skipped_;  ///< in the current epoch
    std::set<int64_t> known_skipped_;
    Position position_;
};

}  // namespace

std::vector<EpochResult> train(model::Model& model, const data::Dataset& dataset,
                               const TrainOptions& options, const Observer& observer) {
    require_valid(options);
    const auto settings = with_validation(options);
    require(dataset.size() >= 1, "'{}' has no images", dataset.name());
    require(!options.drop_last || dataset.size() >= options.batch_size,
            "drop_last would drop the only batch of '{}': it has {} images, fewer than the batch "
            "size {}",
            dataset.name(), dataset.size(), options.batch_size);
    return Training(model, dataset, settings, observer).run();
}

}  // namespace hfc::train
