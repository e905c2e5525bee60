#include "attack/robustness.h"

#include "attack/early_stop.h"
#include "attack/full_run.h"
#include "base/error.h"
#include "base/random.h"
#include "parallel/group.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>

namespace hfc::attack {
namespace {

/// Attacks the images of a data set step by step.
class Assessment {
  public:
    Assessment(model::Model& model, const data::Dataset& dataset, const at::Tensor& samples,
               const RobustOptions& options)
        : model_(model),
          dataset_(dataset),
          samples_(samples),
          options_(options),
          fooled_by_(at::zeros({dataset.size()}, at::kLong)) {}

    /// Finds the images that are misclassified without an attack. Returns the number of classes.
    int64_t look(const Range& range) {
        Settings settings;
        settings.range = range;
        AttackedNetwork network(model_, settings, options_.inference);
        network.begin(dataset_);
        std::vector<at::Tensor> all;
        int64_t classes = 0, turn = 0;
        for (int64_t begin = 0; begin < dataset_.size(); begin += network.batch_size()) {
            const auto end = std::min(begin + network.batch_size(), dataset_.size());
            const auto batch = dataset_.batch(begin, end);
            require_batch(batch.images, batch.labels, settings);
            all.push_back(batch.images);
            if (turn++ % group_.size() != group_.rank()) {
                continue;
            }
            const auto logits = network.logits(network.bring(batch.images));
            classes = logits.size(1);
            const auto wrong = network.fooled(logits, batch.labels.to(network.device())).cpu();
            fooled_by_.slice(0, begin, end).masked_fill_(wrong, -1);
        }
        network.require_numbers();
        images_ = at::cat(all).contiguous();
        group_.all_reduce(fooled_by_, parallel::Reduction::sum);
        return group_.agree(classes);
    }

    void attack(const AttackOptions& step, int64_t number) {
        const auto settings = resolve(step);
        require(!settings.targeted,
                "robust accuracy is defined only for untargeted attacks; do not set 'targeted'");
        const at::NoGradGuard no_grad;
        AttackedNetwork network(model_, settings, options_.inference);
        network.begin(dataset_);
        require_start(settings, dataset_.size(), images_.sizes().slice(1));
        const auto before = fooled_by_.clone();
        const auto open = fooled_by_.eq(0).nonzero().squeeze(1);
        for (const auto& [begin, end] : group_.own_batches(open.size(0), network.batch_size())) {
            attack_batch(network, settings, open.slice(0, begin, end), number);
            if (options_.after_batch) {
                options_.after_batch(static_cast<double>(end) / static_cast<double>(open.size(0)));
            }
        }
        network.require_numbers();
        join(before);
    }

    double fraction_right() const { return fooled_by_.eq(0).to(at::kDouble).mean().item<double>(); }
    const at::Tensor& fooled_by() const { return fooled_by_; }
    const at::Tensor& images() const { return images_; }

  private:
    /// Combines the results, because each process has attacked different images. before: the
    /// previous value of fooled_by_.
    void join(const at::Tensor& before) {
        if (group_.size() == 1) {
            return;
        }
        auto changes = fooled_by_ - before;
        const auto mine = changes.nonzero().squeeze(1);
        auto found = at::zeros_like(images_);
        found.index_copy_(0, mine, images_.index_select(0, mine));
        auto bits = found.view(at::kInt);
        group_.all_reduce(bits, parallel::Reduction::sum);
        group_.all_reduce(changes, parallel::Reduction::sum);
        const auto all = changes.nonzero().squeeze(1);
        images_.index_copy_(0, all, found.index_select(0, all));
        fooled_by_ = before + changes;
    }

    void attack_batch(const AttackedNetwork& network, const Settings& settings,
                      const at::Tensor& all, int64_t number) {
        auto rows = all;
        for (int64_t run = 0; run < settings.runs() && rows.numel() > 0; ++run) {
            AttackBatch batch;
            batch.images = network.bring(images_.index_select(0, rows));
            batch.labels = dataset_.labels().index_select(0, rows).to(network.device());
            batch.samples = samples_.index_select(0, rows).to(network.device());
            batch.epsilons = at::full({rows.numel()}, settings.epsilon, at::kDouble);
            batch.start = start_of(network, settings, rows);
            batch.restart = run;
            EarlyStoppingAttack attack(network, settings, batch, {});
            attack.keep_images();
            const auto fooled = attack.run().isfinite().nonzero().squeeze(1);
            const auto gone = rows.index_select(0, fooled);
            fooled_by_.index_fill_(0, gone, number);
            const auto found =
                round_inside(attack.adversarial(), batch.images, settings.epsilon, settings.norm)
                    .cpu()
                    .contiguous();
            images_.index_copy_(0, gone, found.index_select(0, fooled));
            rows =
                rows.index_select(0, fooled_by_.index_select(0, rows).eq(0).nonzero().squeeze(1));
        }
    }

    static at::Tensor start_of(const AttackedNetwork& network, const Settings& settings,
                               const at::Tensor& rows) {
        if (!settings.start.defined()) {
            return {};
        }
        const auto& start = settings.start;
        return network.bring(start.size(0) == 1 ? start.expand({rows.numel(), -1, -1, -1})
                                                : start.cpu().index_select(0, rows));
    }

    model::Model& model_;
    const data::Dataset& dataset_;
    at::Tensor samples_;
    const RobustOptions& options_;
    parallel::Group& group_ = parallel::world();
    at::Tensor fooled_by_;
    at::Tensor images_;
};

Robustness assess(model::Model& model, const data::Dataset& dataset, const at::Tensor& samples,
                  const AttackOptions& options, const RobustOptions& robust) {
    Assessment assessment(model, dataset, samples, robust);
    Robustness result;
    const auto classes = assessment.look(options.range);
    result.clean = assessment.fraction_right();
    int64_t number = 0;
    for (const auto& step : steps_of(options, classes, result.notes)) {
        const auto begin = std::chrono::steady_clock::now();
        const auto name = name_of_step(step);
        if (robust.before_step) {
            robust.before_step(name);
        }
        if (assessment.fraction_right() > 0) {
            assessment.attack(step, ++number);
        }
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        result.steps.push_back({name, assessment.fraction_right(), taken.count()});
        if (robust.after_step) {
            robust.after_step(name, result.steps.back().robust);
        }
    }
    result.robust = assessment.fraction_right();
    result.fooled_by = assessment.fooled_by();
    result.images = assessment.images();
    return result;
}

}  // namespace

Robustness robustness(model::Model& model, const data::Dataset& dataset,
                      const AttackOptions& options, const RobustOptions& robust) {
    return assess(model, dataset, dataset.samples(), options, robust);
}

std::vector<at::Tensor> perturb_by_sequence(model::Model& model, const at::Tensor& images,
                                            const at::Tensor& labels, const AttackOptions& options,
                                            const std::vector<double>& epsilons,
                                            const model::Inference::Options& inference,
                                            const at::Tensor& samples) {
    const parallel::AloneScope alone;  // each process has its own images
    Settings settings;
    settings.range = options.range;
    require_batch(images, labels, settings);
    const auto dataset = data::dataset_of(images.cpu(), labels.cpu());
    RobustOptions robust;
    robust.inference = inference;
    robust.inference.batch_size = std::max<int64_t>(1, images.size(0));
    std::vector<at::Tensor> results;
    for (const double epsilon : epsilons) {
        auto one = options;
        one.epsilon = epsilon;
        const auto found =
            assess(model, dataset, sample_indices(samples, images.size(0)), one, robust);
        results.push_back(
            found.images.to(images.device()).contiguous(images.suggest_memory_format()));
    }
    return results;
}

}  // namespace hfc::attack
