#include "attack/attack.h"

#include "attack/early_stop.h"
#include "attack/full_run.h"
#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hfc::attack {
namespace {

/// Bisection for the images of one batch, each between an epsilon that failed and one that
/// succeeded.
class Search {
  public:
    Search(const AttackedNetwork& network, const Settings& settings, const at::Tensor& images,
           const at::Tensor& labels, const at::Tensor& samples)
        : network_(network),
          settings_(settings),
          images_(network.bring(images)),
          labels_(labels.to(network.device())),
          samples_(samples),
          failed_(at::zeros({images.size(0)}, at::kDouble)),
          succeeded_(
              at::full({images.size(0)}, std::numeric_limits<double>::infinity(), at::kDouble)) {
        Evaluation clean(network, images_, labels_, settings.gradient_first);
        succeeded_.masked_fill_(clean.fooled().cpu(), 0);
        if (settings.gradient_first) {
            first_gradient_ = clean.gradient();
        }
        start_ = start_rows(network, settings, 0, images_.size(0));
    }

    /// For a method that finds the nearest images itself: one run for each restart and target.
    void find_nearest(double max_epsilon) {
        const auto open = succeeded_.isinf().nonzero().squeeze(1);
        if (open.numel() == 0) {
            return;
        }
        auto batch = batch_of(open, at::full({open.size(0)}, max_epsilon, at::kDouble));
        for (batch.restart = 0; batch.restart < settings_.runs(); ++batch.restart) {
            const auto found = run_once(network_, settings_, batch);
            const auto sizes = sizes_of(found, batch.images, settings_.norm).cpu();
            const auto wrong = network_.fooled(network_.logits(found), batch.labels).cpu();
            const auto before = succeeded_.index_select(0, open);
            succeeded_.index_copy_(0, open, at::where(wrong, at::minimum(sizes, before), before));
        }
        network_.require_numbers();
    }

    const at::Tensor& succeeded() const { return succeeded_; }

    /// Attacks the images selected by `which` (bool [N]), each with its value in `epsilons`
    /// (float64 [N]).
    void attack(const at::Tensor& which, const at::Tensor& epsilons) {
        const auto rows = which.nonzero().squeeze(1);
        for (int64_t restart = 0; restart < settings_.runs(); ++restart) {
            // Images that an earlier restart fooled within their epsilon need no further restart.
            const auto open = rows.index_select(
                0, succeeded_.gt(epsilons).index_select(0, rows).nonzero().squeeze(1));
            if (open.numel() > 0) {
                attack_once(open, epsilons.index_select(0, open), restart);
            }
        }
        const auto held = which.logical_and(succeeded_.gt(epsilons));
        failed_ = at::where(held, epsilons, failed_);
    }

    void bisect(const std::vector<double>& bounds) {
        const auto middle = (failed_ + succeeded_) / 2;
        const auto open = succeeded_.isfinite().logical_and(succeeded_.gt(failed_));
        auto unknown = bounds.empty() ? open : at::zeros_like(open);
        for (const double bound : bounds) {
            unknown = unknown.logical_or(failed_.lt(bound).logical_and(succeeded_.gt(bound)));
        }
        attack(open.logical_and(unknown), middle);
    }

  private:
    at::Tensor pick(const at::Tensor& all, const at::Tensor& rows) const {
        return all.defined() ? all.index_select(0, rows.to(network_.device())) : at::Tensor();
    }

    AttackBatch batch_of(const at::Tensor& rows, const at::Tensor& epsilons) const {
        AttackBatch batch;
        batch.images = pick(images_, rows).contiguous(at::MemoryFormat::ChannelsLast);
        batch.labels = pick(labels_, rows);
        batch.epsilons = epsilons;
        batch.samples = samples_.index_select(0, rows);
        batch.start = pick(start_, rows);
        return batch;
    }

    void attack_once(const at::Tensor& rows, const at::Tensor& epsilons, int64_t restart) {
        auto batch = batch_of(rows, epsilons);
        batch.restart = restart;
        EarlyStoppingAttack attack(network_, settings_, batch, pick(first_gradient_, rows));
        const auto found = attack.run();
        succeeded_.index_copy_(0, rows, at::minimum(succeeded_.index_select(0, rows), found));
    }

    const AttackedNetwork& network_;
    const Settings& settings_;
    at::Tensor images_;
    at::Tensor labels_;
    at::Tensor samples_;  ///< CPU
    at::Tensor first_gradient_;
    at::Tensor start_;
    at::Tensor failed_;     ///< float64 [N], CPU
    at::Tensor succeeded_;  ///< float64 [N], CPU; infinity if none has succeeded
};

void require_ascending(const char* name, const std::vector<double>& epsilons) {
    double last = 0;
    for (const double epsilon : epsilons) {
        require(std::isfinite(epsilon) && epsilon > last,
                "{} must be finite, above 0 and in ascending order; got {} after {}", name, epsilon,
                last);
        last = epsilon;
    }
}

}  // namespace

at::Tensor smallest_epsilon(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                            const AttackOptions& options, const SearchOptions& search) {
    auto settings = resolve(options);
    settings.alpha_relative = true;
    require_batch(images, labels, settings);
    require_start(settings, images.size(0), images.sizes().slice(1));
    const auto samples = sample_indices(search.samples, images.size(0));
    require(std::isfinite(search.max_epsilon) && search.max_epsilon > 0,
            "max_epsilon must be a finite number above 0, got {}", search.max_epsilon);
    require_ascending("epsilons", search.epsilons);
    require_ascending("bounds", search.bounds);
    require(search.bisections >= 0, "bisections must be >= 0, got {}", search.bisections);
    if (images.numel() == 0) {
        return at::empty({images.size(0)}, at::kDouble);
    }
    const at::NoGradGuard no_grad;
    AttackedNetwork network(model, settings, search.inference);
    network.begin(images, labels);
    Search state(network, settings, images, labels, samples);
    if (settings.method->least_norm) {
        require(search.epsilons.empty(),
                "this attack already searches for the nearest adversarial image; use max_epsilon "
                "instead of epsilons");
        state.find_nearest(search.max_epsilon);
        return state.succeeded();
    }
    for (const double epsilon : search.epsilons) {
        state.attack(state.succeeded().isinf(), at::full_like(state.succeeded(), epsilon));
    }
    if (!search.epsilons.empty()) {
        return state.succeeded();
    }
    state.attack(state.succeeded().isinf(), at::full_like(state.succeeded(), search.max_epsilon));
    for (int64_t i = 0; i < search.bisections; ++i) {
        state.bisect(search.bounds);
    }
    return state.succeeded();
}

}  // namespace hfc::attack
