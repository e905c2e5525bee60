#include "attack/attack.h"

#include "attack/full_run.h"
#include "attack/robustness.h"
#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::attack {

std::vector<at::Tensor> perturb(model::Model& model, const at::Tensor& images,
                                const at::Tensor& labels, const AttackOptions& options,
                                const std::vector<double>& epsilons,
                                const model::Inference::Options& inference,
                                const at::Tensor& samples) {
    if (options.sequence) {
        return perturb_by_sequence(model, images, labels, options, epsilons, inference, samples);
    }
    const auto settings = resolve(options);
    require_batch(images, labels, settings);
    require_start(settings, images.size(0), images.sizes().slice(1));
    const auto indices = sample_indices(samples, images.size(0));
    require(!epsilons.empty(), "expected at least one epsilon, got none");
    std::ranges::for_each(epsilons, require_epsilon);
    std::vector<at::Tensor> results;
    if (images.numel() == 0) {
        std::ranges::transform(epsilons, std::back_inserter(results),
                               [&](double) { return images.detach().clone(); });
        return results;
    }
    const at::NoGradGuard no_grad;
    AttackedNetwork network(model, settings, inference);
    network.begin(images, labels);
    results = attack_in_full(network, settings, {images, labels, indices}, epsilons,
                             start_rows(network, settings, 0, images.size(0)));
    for (auto& result : results) {
        result = result.to(images.device()).contiguous(images.suggest_memory_format());
    }
    return results;
}

at::Tensor perturb(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                   const AttackOptions& options, const model::Inference::Options& inference,
                   const at::Tensor& samples) {
    const std::vector<double> epsilons = {options.sequence ? options.epsilon.value_or(8.0 / 255)
                                                           : resolve(options).epsilon};
    return perturb(model, images, labels, options, epsilons, inference, samples).front();
}

}  // namespace hfc::attack
