#include "attack/pursuit.h"
#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

namespace hfc::attack {
namespace {

/// Positions of `epsilons` in rising order.
std::vector<size_t> rising(const std::vector<double>& epsilons) {
    std::vector<size_t> order(epsilons.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, {}, [&](size_t i) { return epsilons[i]; });
    return order;
}

/// The images of a batch that have not been fooled yet, in what a Pursuit starts from.
struct Survivors {
    at::Tensor images;
    at::Tensor labels;
    at::Tensor first_gradient;
    at::Tensor samples;  ///< on the victim's device

    void keep(const at::Tensor& rows) {
        for (auto* tensor : {&images, &labels, &first_gradient, &samples}) {
            if (tensor->defined()) {
                *tensor = tensor->index_select(0, rows);
            }
        }
        images = images.contiguous(at::MemoryFormat::ChannelsLast);
    }
};

/// The images that the model gets right to begin with, and where it helps the gradient at them.
Survivors right_ones(const Victim& victim, const Settings& settings, const data::Batch& batch) {
    Survivors left{victim.bring(batch.images),
                   batch.labels.to(victim.device()),
                   {},
                   batch.samples.to(victim.device())};
    at::Tensor logits;
    if (settings.random_start) {
        logits = victim.logits(left.images);
    } else {
        const auto pass = victim.forward(left.images);
        logits = pass.logits.detach();
        left.first_gradient = victim.gradient(pass, left.labels);
    }
    left.keep(victim.fooled(logits, left.labels).logical_not().nonzero().squeeze(1));
    return left;
}

/// How many images of a batch survive each epsilon; an image that is fooled within a smaller one is
/// fooled within a larger.
std::vector<int64_t> count_stopping_early(const Victim& victim, const Settings& settings,
                                          const data::Batch& batch,
                                          const std::vector<double>& epsilons) {
    std::vector<int64_t> counts(epsilons.size(), 0);
    auto left = right_ones(victim, settings, batch);
    for (const auto i : rising(epsilons)) {
        for (int64_t restart = 0; restart < settings.restarts && left.images.size(0) > 0;
             ++restart) {
            Pursuit pursuit{left.images, left.labels, {}, {}, {}, left.first_gradient};
            pursuit.epsilons = at::full({left.images.size(0)}, epsilons[i], at::kDouble);
            pursuit.alphas =
                at::full({left.images.size(0)}, settings.alpha_for(epsilons[i]), at::kDouble);
            if (settings.random_start) {
                pursuit.start = random_perturbation(left.images, left.samples, settings, restart);
            }
            const auto found = pursue(victim, settings, pursuit);
            left.keep(found.isinf().nonzero().squeeze(1).to(victim.device()));
        }
        counts[i] = left.images.size(0);
    }
    return counts;
}

/// As count_stopping_early, but every image is attacked to the end.
std::vector<int64_t> count_in_full(const Victim& victim, const Settings& settings,
                                   const data::Batch& batch, const std::vector<double>& epsilons) {
    const auto labels = batch.labels.to(victim.device());
    std::vector<int64_t> counts;
    for (const auto& adversarial : attack_in_full(victim, settings, batch, epsilons)) {
        counts.push_back(
            victim.fooled(victim.logits(adversarial), labels).logical_not().sum().item<int64_t>());
    }
    return counts;
}

}  // namespace

std::vector<double> robust_accuracy(model::Model& model, const data::Dataset& dataset,
                                    const AttackOptions& options,
                                    const std::vector<double>& epsilons,
                                    const RobustOptions& robust) {
    const auto settings = resolve(options);
    require(!settings.targeted,
            "hfc.attack: robust accuracy is of untargeted attacks; leave targeted off");
    require(!epsilons.empty(), "hfc.attack: at least one epsilon is needed, got none");
    std::ranges::for_each(epsilons, require_epsilon);
    const at::NoGradGuard no_grad;
    Victim victim(model, settings, robust.inference);
    victim.begin(dataset);
    const auto batch_size = victim.batch_size();
    std::vector<int64_t> survivors(epsilons.size(), 0);
    for (int64_t begin = 0; begin < dataset.size(); begin += batch_size) {
        const auto end = std::min(begin + batch_size, dataset.size());
        const auto batch = dataset.batch(begin, end);
        require_batch(batch.images, batch.labels, settings);
        const auto count = robust.early_stop ? count_stopping_early : count_in_full;
        const auto counts = count(victim, settings, batch, epsilons);
        std::ranges::transform(survivors, counts, survivors.begin(), std::plus<>());
        if (robust.after_batch) {
            robust.after_batch(static_cast<double>(end) / static_cast<double>(dataset.size()));
        }
    }
    std::vector<double> shares;
    for (const auto count : survivors) {
        shares.push_back(static_cast<double>(count) / static_cast<double>(dataset.size()));
    }
    return shares;
}

}  // namespace hfc::attack
