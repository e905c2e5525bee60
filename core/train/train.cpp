#include "train/train.h"

#include "base/device.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "data/loader.h"
#include "data/order.h"
#include "train/keeper.h"
#include "train/loss_meter.h"
#include "train/recipe.h"
#include "train/rewind.h"
#include "train/stopwatch.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <algorithm>
#include <chrono>
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

/// Of an epoch.
int64_t batches_of(const data::Dataset& dataset, const TrainOptions& options) {
    const auto whole = dataset.size() / options.batch_size;
    const bool rest = dataset.size() % options.batch_size > 0 && !options.drop_last;
    return whole + (rest ? 1 : 0);
}

int64_t images_of(const data::Dataset& dataset, const TrainOptions& options) {
    return std::min(dataset.size(), batches_of(dataset, options) * options.batch_size);
}

void require_valid(const TrainOptions& options) {
    require(options.epochs >= 1, "hfc.train: epochs must be at least 1, got {}", options.epochs);
    require(options.batch_size >= 1, "hfc.train: batch size must be at least 1, got {}",
            options.batch_size);
    require(options.probe_samples >= 0,
            "hfc.train: probe_samples must be at least 1, or 0 for all images, got {}",
            options.probe_samples);
    require(options.checkpoints.seconds >= 0,
            "hfc.train: the seconds between checkpoints must be at least 0, got {}",
            options.checkpoints.seconds);
    data::require_valid(loading_of(options));
    optim::require_valid(options.optimizer);
    require(options.optimizer.name != "lbfgs",
            "hfc.train: the optimizer lbfgs needs a closure for each step; expected one of {}",
            fmt::join(optim::known_optimizers(), ", "));
    require_valid_recipe(options);
}

/// Views on the same images are given the same part, since the part depends on their size and the
/// seed alone.
std::vector<model::Probe> sample(const std::vector<model::Probe>& probes, int64_t samples,
                                 uint64_t seed) {
    auto sampled = probes;
    for (auto& probe : sampled) {
        if (samples > 0 && samples < probe.dataset.size()) {
            probe.dataset = probe.dataset.subset(samples, derive_seed(seed, "probe samples"));
        }
    }
    return sampled;
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

/// cuDNN's repeatable algorithms for a scope; the CPU's are repeatable anyway.
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

std::vector<at::Tensor> trainable_parameters(model::Model& model) {
    auto parameters = model.parameters();
    std::erase_if(parameters,
                  [](const at::Tensor& parameter) { return !parameter.requires_grad(); });
    require(!parameters.empty(),
            "hfc.train: the model has no parameter that asks for a gradient, so there is nothing "
            "to train");
    return parameters;
}

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
          batches_(batches_of(dataset, options)),
          max_label_(dataset.labels().max().item<int64_t>()),
          stopwatch_(options.epochs, images_of(dataset, options), probe_images()) {
        model_.to(options_.device);
        model::use_channels_last(model_);
        optimizer_ = optim::make_optimizer(trainable_parameters(model_), options_.optimizer);
        seed_global_generators(options_.device, options_.seed);
        keeper_.emplace(model_, *optimizer_, dataset_, options_);
        may_stop_in_a_batch_ = calls_back(model_) || dataset_.runs_script();
    }

    ~Training() { optimizer_->zero_grad(); }
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

    std::vector<EpochResult> run() {
        position_ = keeper_->begin();
        model_.class_names = dataset_.class_names();
        restore_probe_names();
        stopwatch_.skip(position_.epoch - 1, position_.batch * options_.batch_size);
        const Rewind beginning(model_, options_.device);
        for (const auto& result : position_.results) {
            report(result);
        }
        beginning.restore();  // the epochs were told before: what is drawn then was drawn already
        while (position_.epoch <= options_.epochs && !position_.stopped) {
            run_epoch();
            position_.stopped = position_.epoch <= options_.epochs && requested(run::Request::stop);
            if (position_.epoch <= options_.epochs && !position_.stopped) {
                keeper_->save_epoch(position_);
            } else {
                keeper_->save_last(position_);
            }
        }
        return position_.results;
    }

  private:
    /// A checkpoint has the names as UTF-8; the script knows them as it gave them.
    void restore_probe_names() {
        for (auto& result : position_.results) {
            for (size_t i = 0; i < std::min(result.accuracy.size(), probes_.size()); ++i) {
                result.accuracy[i].first = probes_[i].name;
            }
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
        result.step = result.epoch * batches_;
        const std::optional<Rewind> beginning(std::in_place, model_, options_.device);
        try {
            run_probes(result);
            report(result);
            report_skipped();
        } catch (const Interrupted&) {
            save_rewound(beginning);  // the epoch's steps are done
            throw;
        }
        position_.results.push_back(result);
        position_.epoch = result.epoch + 1;
        position_.batch = 0;
        position_.losses = {};
        keeper_->save_best(position_);
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

    /// A sample is skipped in each epoch and told of once.
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
        data::Loader loader(
            dataset_, data::epoch_order(dataset_.size(), options_.seed, result.epoch), loading);
        LossMeter losses(result.epoch, options_.optimizer.lr, position_.losses);
        while (position_.batch < batches_) {
            pause_between_batches(losses);
            stopwatch_.trained(step(loader, result.epoch, losses));
            ++position_.batch;
            tell(result.epoch, position_.batch, losses.mean());
        }
        losses.flush();
        position_.losses = losses.sums();
        remember(loader.skipped());
        synchronize(options_.device);
        result.loss = losses.mean();
        result.images_per_second = stopwatch_.images_per_second();
        result.train_seconds = stopwatch_.end_training();
    }

    bool requested(run::Request request) const {
        return options_.request && options_.request() == request;
    }

    /// Everything is at rest here: the place for a checkpoint, for a pause, and for Ctrl-C.
    void pause_between_batches(LossMeter& losses) {
        const bool pause = requested(run::Request::pause);
        if (pause || interrupt_requested() || keeper_->due()) {
            losses.flush();
            position_.losses = losses.sums();
            keeper_->save(position_);
        }
        if (pause) {
            wait_while_paused();
        }
        if (interrupt_requested()) {
            throw Interrupted();
        }
    }

    void wait_while_paused() {
        const auto begin = std::chrono::steady_clock::now();
        while (requested(run::Request::pause) && !interrupt_requested()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        stopwatch_.paused(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }

    /// Returns the number of images.
    int64_t step(data::Loader& loader, int64_t epoch, LossMeter& losses) {
        optimizer_->zero_grad();
        int64_t images = 0;
        std::optional<Rewind> beginning;
        if (may_stop_in_a_batch_) {
            beginning.emplace(model_, options_.device);
        }
        try {
            const auto batch = *loader.next();
            images = batch.samples.size(0);
            losses.add(backward(batch, epoch), images);
        } catch (const Interrupted&) {
            losses.flush();
            position_.losses = losses.sums();
            save_rewound(beginning);
            throw;
        }
        optimizer_->step();
        return images;
    }

    /// Ctrl-C has stopped a callback: the checkpoint is one of its beginning.
    void save_rewound(const std::optional<Rewind>& beginning) {
        if (beginning) {
            beginning->restore();
        }
        keeper_->save(position_);
    }

    /// Returns the loss.
    at::Tensor backward(const data::Batch& batch, int64_t epoch) {
        const auto lesson = prepare(model_, batch, options_, epoch);
        const auto images =
            lesson.images.to(options_.device).contiguous(at::MemoryFormat::ChannelsLast);
        const auto logits = model::checked_logits(model_, images, max_label_, dataset_.name());
        const auto loss = loss_of(logits, lesson);
        require(loss.requires_grad(),
                "hfc.train: the model's logits do not depend on its parameters, so there is "
                "nothing to train");
        loss.backward();
        return loss;
    }

    void run_probes(EpochResult& result) {
        stopwatch_.start_probes();
        if (!probes_.empty()) {
            tell(result.epoch, 0, result.loss);
            const auto shares = probe(result);
            for (size_t i = 0; i < probes_.size(); ++i) {
                result.accuracy.emplace_back(probes_[i].name, shares[i]);
            }
        }
        result.probe_seconds = stopwatch_.end_probes();
    }

    std::vector<double> probe(const EpochResult& result) {
        model::MeasureOptions options;
        options.inference.statistics = options_.statistics;
        options.after_batch = [&](double share) {
            stopwatch_.probed(share);
            tell(result.epoch, 0, result.loss);
        };
        return model::accuracies(model_, probes_, options);
    }

    void tell(int64_t epoch, int64_t batch, double loss) {
        if (observer_.on_batch) {
            observer_.on_batch({epoch, options_.epochs, batch, batches_, loss,
                                stopwatch_.images_per_second(), stopwatch_.seconds_left()});
        }
    }

    model::Model& model_;
    const data::Dataset& dataset_;
    const TrainOptions& options_;
    const Observer& observer_;
    std::vector<model::Probe> probes_;
    int64_t batches_;
    int64_t max_label_;
    Stopwatch stopwatch_;
    RepeatableCudnn repeatable_;
    std::unique_ptr<optim::Optimizer> optimizer_;
    std::optional<Keeper> keeper_;
    bool may_stop_in_a_batch_ = false;
    std::vector<data::BadSample> skipped_;  ///< in the epoch that runs
    std::set<int64_t> known_skipped_;
    Position position_;
};

}  // namespace

std::vector<EpochResult> train(model::Model& model, const data::Dataset& dataset,
                               const TrainOptions& options, const Observer& observer) {
    require_valid(options);
    require(dataset.size() >= 1, "hfc.train: '{}' has no images", dataset.name());
    require(batches_of(dataset, options) >= 1,
            "drop_last leaves no batch of '{}': it has {} images, fewer than the batch size {}",
            dataset.name(), dataset.size(), options.batch_size);
    return Training(model, dataset, options, observer).run();
}

}  // namespace hfc::train
