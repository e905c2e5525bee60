#include "attack/pursuit.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::attack {
namespace {

/// The images of one call on the model's device, and what every epsilon shares.
struct Batch {
    at::Tensor images;
    at::Tensor labels;
    at::Tensor samples;
    at::Tensor first_gradient;  ///< at the images themselves; undefined with random starts
};

at::Tensor same_for_all(const at::Tensor& images, double value) {
    return at::full({images.size(0)}, value, at::kDouble);
}

/// One run of all steps.
at::Tensor run(const Victim& victim, const Settings& settings, const Batch& batch, double epsilon,
               const at::Tensor& start) {
    Walk walk(settings, batch.images, same_for_all(batch.images, epsilon),
              same_for_all(batch.images, settings.alpha_for(epsilon)), start);
    for (int64_t step = 0; step < settings.steps; ++step) {
        check_interrupt();
        const bool known = step == 0 && batch.first_gradient.defined();
        walk.step(known ? batch.first_gradient : victim.gradient(walk.place(), batch.labels));
    }
    return walk.place();
}

/// Which images of `now` replace those of `best`: the first that the attack succeeds with, else the
/// one of the greater loss.
at::Tensor better(const Victim& victim, const at::Tensor& now, const at::Tensor& best,
                  const at::Tensor& labels) {
    const auto logits_now = victim.logits(now);
    const auto logits_best = victim.logits(best);
    const auto fooled_now = victim.fooled(logits_now, labels);
    const auto fooled_best = victim.fooled(logits_best, labels);
    const auto greater = victim.loss(logits_now, labels).gt(victim.loss(logits_best, labels));
    return at::where(fooled_now.eq(fooled_best), greater.logical_and(fooled_best.logical_not()),
                     fooled_now);
}

at::Tensor run_restarts(const Victim& victim, const Settings& settings, const Batch& batch,
                        double epsilon) {
    at::Tensor best;
    for (int64_t restart = 0; restart < settings.restarts; ++restart) {
        const auto start = settings.random_start
                               ? random_perturbation(batch.images, batch.samples, settings, restart)
                               : at::Tensor();
        const auto now = run(victim, settings, batch, epsilon, start);
        best =
            best.defined()
                ? at::where(better(victim, now, best, batch.labels).view({-1, 1, 1, 1}), now, best)
                : now;
    }
    return best;
}

}  // namespace

std::vector<at::Tensor> attack_in_full(const Victim& victim, const Settings& settings,
                                       const data::Batch& images,
                                       const std::vector<double>& epsilons) {
    Batch batch{victim.bring(images.images), images.labels.to(victim.device()), images.samples, {}};
    if (!settings.random_start) {
        batch.first_gradient = victim.gradient(batch.images, batch.labels);
    }
    std::vector<at::Tensor> results;
    for (const double epsilon : epsilons) {
        results.push_back(run_restarts(victim, settings, batch, epsilon));
    }
    victim.require_numbers();
    return results;
}

std::vector<at::Tensor> perturb(model::Model& model, const at::Tensor& images,
                                const at::Tensor& labels, const AttackOptions& options,
                                const std::vector<double>& epsilons,
                                const model::Inference::Options& inference,
                                const at::Tensor& samples) {
    const auto settings = resolve(options);
    require_batch(images, labels, settings);
    const auto indices = sample_indices(samples, images.size(0), "hfc.attack");
    require(!epsilons.empty(), "hfc.attack: at least one epsilon is needed, got none");
    std::ranges::for_each(epsilons, require_epsilon);
    std::vector<at::Tensor> results;
    if (images.numel() == 0) {
        std::ranges::transform(epsilons, std::back_inserter(results),
                               [&](double) { return images.detach().clone(); });
        return results;
    }
    const at::NoGradGuard no_grad;
    Victim victim(model, settings, inference);
    victim.begin(images, labels);
    results = attack_in_full(victim, settings, {images, labels, indices}, epsilons);
    for (auto& result : results) {
        result = result.to(images.device()).contiguous(images.suggest_memory_format());
    }
    return results;
}

at::Tensor perturb(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                   const AttackOptions& options, const model::Inference::Options& inference,
                   const at::Tensor& samples) {
    const std::vector<double> epsilons = {resolve(options).epsilon};
    return perturb(model, images, labels, options, epsilons, inference, samples).front();
}

}  // namespace hfc::attack
