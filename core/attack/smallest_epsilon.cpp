#include "attack/pursuit.h"
#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <limits>

namespace hfc::attack {
namespace {

/// Bisection for the images of one batch, each between an epsilon that failed and one that
/// succeeded.
class Search {
  public:
    Search(const Victim& victim, const Settings& settings, const at::Tensor& images,
           const at::Tensor& labels, const at::Tensor& samples)
        : victim_(victim),
          settings_(settings),
          images_(victim.bring(images)),
          labels_(labels.to(victim.device())),
          samples_(samples),
          failed_(at::zeros({images.size(0)}, at::kDouble)),
          succeeded_(
              at::full({images.size(0)}, std::numeric_limits<double>::infinity(), at::kDouble)) {
        if (settings.random_start) {
            succeeded_.masked_fill_(victim.fooled(victim.logits(images_), labels_).cpu(), 0);
        } else {
            const auto pass = victim.forward(images_);
            succeeded_.masked_fill_(victim.fooled(pass.logits, labels_).cpu(), 0);
            first_gradient_ = victim.gradient(pass, labels_);
        }
    }

    const at::Tensor& succeeded() const { return succeeded_; }

    /// Attacks the images that `which` (bool [N]) names with their `epsilons` (float64 [N]).
    void attack(const at::Tensor& which, const at::Tensor& epsilons) {
        const auto rows = which.nonzero().squeeze(1);
        for (int64_t restart = 0; restart < settings_.restarts; ++restart) {
            // What an earlier restart has brought within the epsilon needs no other.
            const auto open = rows.index_select(
                0, succeeded_.gt(epsilons).index_select(0, rows).nonzero().squeeze(1));
            if (open.numel() > 0) {
                attack_once(open, epsilons.index_select(0, open), restart);
            }
        }
        const auto held = which.logical_and(succeeded_.gt(epsilons));
        failed_ = at::where(held, epsilons, failed_);
    }

    void bisect() {
        const auto middle = (failed_ + succeeded_) / 2;
        const auto open = succeeded_.isfinite().logical_and(succeeded_.gt(failed_));
        attack(open, middle);
    }

  private:
    void attack_once(const at::Tensor& rows, const at::Tensor& epsilons, int64_t restart) {
        const auto there = rows.to(victim_.device());
        const auto pick = [&](const at::Tensor& all) {
            return all.defined() ? all.index_select(0, there) : at::Tensor();
        };
        Pursuit pursuit;
        pursuit.images = pick(images_).contiguous(at::MemoryFormat::ChannelsLast);
        pursuit.labels = pick(labels_);
        pursuit.epsilons = epsilons;
        pursuit.alphas = epsilons * settings_.alpha_share;
        pursuit.first_gradient = pick(first_gradient_);
        if (settings_.random_start) {
            pursuit.start = random_perturbation(pursuit.images, samples_.index_select(0, rows),
                                                settings_, restart);
        }
        const auto found = pursue(victim_, settings_, pursuit);
        succeeded_.index_copy_(0, rows, at::minimum(succeeded_.index_select(0, rows), found));
    }

    const Victim& victim_;
    const Settings& settings_;
    at::Tensor images_;
    at::Tensor labels_;
    at::Tensor samples_;  ///< CPU
    at::Tensor first_gradient_;
    at::Tensor failed_;     ///< float64 [N], CPU
    at::Tensor succeeded_;  ///< float64 [N], CPU; infinity: nothing has
};

}  // namespace

at::Tensor smallest_epsilon(model::Model& model, const at::Tensor& images, const at::Tensor& labels,
                            const AttackOptions& options, const SearchOptions& search) {
    const auto settings = resolve(options);
    require_batch(images, labels, settings);
    const auto samples = sample_indices(search.samples, images.size(0), "hfc.attack");
    require(std::isfinite(search.max_epsilon) && search.max_epsilon > 0,
            "hfc.attack: max_epsilon must be a finite number above 0, got {}", search.max_epsilon);
    require(search.bisections >= 0, "hfc.attack: bisections must be at least 0, got {}",
            search.bisections);
    if (images.numel() == 0) {
        return at::empty({images.size(0)}, at::kDouble);
    }
    const at::NoGradGuard no_grad;
    Victim victim(model, settings, search.inference);
    victim.begin(images, labels);
    Search state(victim, settings, images, labels, samples);
    state.attack(state.succeeded().isinf(), at::full_like(state.succeeded(), search.max_epsilon));
    for (int64_t i = 0; i < search.bisections; ++i) {
        state.bisect();
    }
    return state.succeeded();
}

}  // namespace hfc::attack
