#include "attack/full_run.h"

#include "attack/best_so_far.h"
#include "attack/early_stop.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>

namespace hfc::attack {

at::Tensor run_once(const AttackedNetwork& network, const Settings& settings,
                    const AttackBatch& batch, const at::Tensor& first_gradient) {
    if (settings.method->stays_once_fooled && settings.keep != Keep::best) {
        EarlyStoppingAttack early(network, settings, batch, first_gradient);
        early.keep_images();
        early.run();
        return early.results();
    }
    const auto attack = settings.method->make(settings);
    attack->begin(network, batch);
    BestSoFar best(network, batch.labels);
    for (int64_t i = 0; i < attack->iterations(); ++i) {
        check_interrupt();
        Evaluation here(network, attack->images(), batch.labels, attack->uses_gradient());
        if (i == 0 && first_gradient.defined()) {
            here.set_gradient(first_gradient);
        } else if (settings.keep == Keep::best) {
            best.offer(here);
        }
        attack->advance(here);
    }
    if (settings.keep == Keep::best) {
        best.offer(attack->images());
        return best.images();
    }
    if (attack->sees_last()) {
        Evaluation last(network, attack->images(), batch.labels, /*graph=*/false);
        attack->finish(last);
    }
    return attack->result();
}

at::Tensor start_rows(const AttackedNetwork& network, const Settings& settings, int64_t begin,
                      int64_t end) {
    if (!settings.start.defined()) {
        return {};
    }
    const auto rows = settings.start.size(0) == 1 ? settings.start.expand({end - begin, -1, -1, -1})
                                                  : settings.start.slice(0, begin, end);
    return network.bring(rows.detach());
}

std::vector<at::Tensor> attack_in_full(const AttackedNetwork& network, const Settings& settings,
                                       const data::Batch& batch,
                                       const std::vector<double>& epsilons,
                                       const at::Tensor& start) {
    AttackBatch run_batch;
    run_batch.images = network.bring(batch.images);
    run_batch.labels = batch.labels.to(network.device());
    run_batch.samples = batch.samples;
    run_batch.start = start;
    at::Tensor first_gradient;
    if (settings.gradient_first) {
        first_gradient = Evaluation(network, run_batch.images, run_batch.labels).gradient();
    }
    std::vector<at::Tensor> results;
    for (const double epsilon : epsilons) {
        run_batch.epsilons = at::full({batch.images.size(0)}, epsilon, at::kDouble);
        BestSoFar best(network, run_batch.labels);
        for (run_batch.restart = 0; run_batch.restart < settings.runs(); ++run_batch.restart) {
            best.offer(run_once(network, settings, run_batch, first_gradient));
        }
        results.push_back(round_inside(best.images(), run_batch.images, epsilon, settings.norm));
    }
    network.require_numbers();
    return results;
}

}  // namespace hfc::attack
