#include "attack/attack.h"

#include "attack/early_stop.h"
#include "attack/full_run.h"
#include "attack/robustness.h"
#include "base/error.h"
#include "parallel/group.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

namespace hfc::attack {
namespace {

/// Positions of `epsilons` in ascending order.
std::vector<size_t> ascending(const std::vector<double>& epsilons) {
    std::vector<size_t> order(epsilons.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {}, [&](size_t i) { return epsilons[i]; });
    return order;
}

/// The images of a batch that have not been fooled yet, and their gradient if it is used.
struct Remaining {
    AttackBatch batch;
    at::Tensor first_gradient;

    void keep(const at::Tensor& rows) {
        for (auto* tensor :
             {&batch.images, &batch.labels, &batch.samples, &batch.start, &first_gradient}) {
            if (tensor->defined()) {
                *tensor = tensor->index_select(0, rows);
            }
        }
        batch.images = batch.images.contiguous(at::MemoryFormat::ChannelsLast);
    }
};

/// The images that the model classifies correctly without an attack.
Remaining classified_correctly(const AttackedNetwork& network, const Settings& settings,
                               const data::Batch& batch, const at::Tensor& start) {
    Remaining remaining;
    remaining.batch.images = network.bring(batch.images);
    remaining.batch.labels = batch.labels.to(network.device());
    remaining.batch.samples = batch.samples.to(network.device());
    remaining.batch.start = start;
    Evaluation clean(network, remaining.batch.images, remaining.batch.labels,
                     settings.gradient_first);
    const auto fooled = clean.fooled();
    if (settings.gradient_first) {
        remaining.first_gradient = clean.gradient();
    }
    remaining.keep(fooled.logical_not().nonzero().squeeze(1));
    return remaining;
}

/// The number of images in a batch that are classified correctly at each epsilon. An image that is
/// fooled within an epsilon is fooled within any larger one.
std::vector<int64_t> count_stopping_early(const AttackedNetwork& network, const Settings& settings,
                                          const data::Batch& batch,
                                          const std::vector<double>& epsilons,
                                          const at::Tensor& start) {
    std::vector<int64_t> counts(epsilons.size(), 0);
    auto remaining = classified_correctly(network, settings, batch, start);
    const auto left = [&] { return remaining.batch.images.size(0); };
    for (const auto i : ascending(epsilons)) {
        for (int64_t restart = 0; restart < settings.runs() && left() > 0; ++restart) {
            remaining.batch.epsilons = at::full({left()}, epsilons[i], at::kDouble);
            remaining.batch.restart = restart;
            EarlyStoppingAttack attack(network, settings, remaining.batch,
                                       remaining.first_gradient);
            remaining.keep(attack.run().isinf().nonzero().squeeze(1).to(network.device()));
        }
        counts[i] = left();
    }
    return counts;
}

/// Like count_stopping_early(), but every image is attacked in full.
std::vector<int64_t> count_in_full(const AttackedNetwork& network, const Settings& settings,
                                   const data::Batch& batch, const std::vector<double>& epsilons,
                                   const at::Tensor& start) {
    const auto labels = batch.labels.to(network.device());
    std::vector<int64_t> counts;
    for (const auto& adversarial : attack_in_full(network, settings, batch, epsilons, start)) {
        const auto fooled = network.fooled(network.logits(adversarial), labels);
        counts.push_back(fooled.logical_not().sum().item<int64_t>());
    }
    return counts;
}

}  // namespace

std::vector<double> robust_accuracy(model::Model& model, const data::Dataset& dataset,
                                    const AttackOptions& options,
                                    const std::vector<double>& epsilons,
                                    const RobustOptions& robust) {
    if (options.sequence) {
        std::vector<double> fractions;
        for (const double epsilon : epsilons) {
            auto one = options;
            one.epsilon = epsilon;
            fractions.push_back(robustness(model, dataset, one, robust).robust);
        }
        return fractions;
    }
    const auto settings = resolve(options);
    require(!settings.targeted,
            "robust accuracy is defined only for untargeted attacks; do not set 'targeted'");
    require(!epsilons.empty(), "expected at least one epsilon, got none");
    std::ranges::for_each(epsilons, require_epsilon);
    const at::NoGradGuard no_grad;
    AttackedNetwork network(model, settings, robust.inference);
    network.begin(dataset);
    auto& group = parallel::world();
    std::vector<int64_t> correct(epsilons.size(), 0);
    for (const auto& [begin, end] : group.own_batches(dataset.size(), network.batch_size())) {
        const auto batch = dataset.batch(begin, end);
        require_batch(batch.images, batch.labels, settings);
        require_start(settings, dataset.size(), batch.images.sizes().slice(1));
        const auto start = start_rows(network, settings, begin, end);
        const auto count = robust.early_stop ? count_stopping_early : count_in_full;
        const auto counts = count(network, settings, batch, epsilons, start);
        std::ranges::transform(correct, counts, correct.begin(), std::plus<>());
        if (robust.after_batch) {
            robust.after_batch(static_cast<double>(end) / static_cast<double>(dataset.size()));
        }
    }
    auto all = at::tensor(correct, at::kLong);
    group.all_reduce(all, parallel::Reduction::sum);
    std::vector<double> fractions;
    for (size_t i = 0; i < correct.size(); ++i) {
        fractions.push_back(static_cast<double>(all.const_data_ptr<int64_t>()[i]) /
                            static_cast<double>(dataset.size()));
    }
    return fractions;
}

}  // namespace hfc::attack
