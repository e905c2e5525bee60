#include "attack/pursuit.h"

#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

namespace hfc::attack {
namespace {

/// The images that are still on their way.
class Chase {
  public:
    Chase(const Victim& victim, const Settings& settings, const Pursuit& pursuit)
        : victim_(victim),
          settings_(settings),
          walk_(settings, pursuit.images, pursuit.epsilons, pursuit.alphas, pursuit.start),
          images_(pursuit.images),
          labels_(pursuit.labels),
          positions_(at::arange(pursuit.images.size(0), labels_.options())),
          found_(at::full({pursuit.images.size(0)}, std::numeric_limits<double>::infinity(),
                          at::kDouble)) {}

    const at::Tensor& found() const { return found_; }
    bool over() const { return positions_.numel() == 0; }
    void step(const at::Tensor& gradient) { walk_.step(gradient); }

    /// One step along a gradient that is first computed; the images that turn out to be fooled
    /// where they are leave instead.
    void look_and_step() {
        auto pass = victim_.forward(walk_.place());
        const auto before = positions_.numel();
        const auto kept = let_go(pass.logits);
        if (over()) {
            return;
        }
        const auto left = positions_.numel();
        if (left == before) {
            step(victim_.gradient(pass, labels_));
        } else if (2 * left < before) {
            // A second pass forward through the few costs less than one backward through all.
            step(victim_.gradient(walk_.place(), labels_));
        } else {
            // The loss of the kept rows alone: what has left gets a gradient of zeros, which is cut
            // off.
            const at::AutoGradMode with_grad(true);
            pass.logits = pass.logits.index_select(0, kept);
            const auto gradient = victim_.gradient(pass, labels_);
            const at::NoGradGuard no_grad;
            step(gradient.index_select(0, kept));
        }
    }

    /// Notes and drops those that the logits at place() say are fooled. Returns the rows that are
    /// kept.
    at::Tensor let_go(const at::Tensor& logits) {
        const auto fooled = victim_.fooled(logits, labels_);
        const auto gone = fooled.nonzero().squeeze(1);
        const auto kept = fooled.logical_not().nonzero().squeeze(1);
        if (gone.numel() == 0) {
            return kept;
        }
        const auto sizes = sizes_of(walk_.place().index_select(0, gone),
                                    images_.index_select(0, gone), settings_.norm);
        found_.index_copy_(0, positions_.index_select(0, gone).cpu(), sizes.cpu());
        walk_.keep(kept);
        images_ = images_.index_select(0, kept);
        labels_ = labels_.index_select(0, kept);
        positions_ = positions_.index_select(0, kept);
        return kept;
    }

    const at::Tensor& place() const { return walk_.place(); }

  private:
    const Victim& victim_;
    const Settings& settings_;
    Walk walk_;
    at::Tensor images_;
    at::Tensor labels_;
    at::Tensor positions_;  ///< int64, in the batch
    at::Tensor found_;
};

}  // namespace

at::Tensor pursue(const Victim& victim, const Settings& settings, const Pursuit& pursuit) {
    Chase chase(victim, settings, pursuit);
    for (int64_t step = 0; step < settings.steps && !chase.over(); ++step) {
        check_interrupt();
        if (step == 0 && pursuit.first_gradient.defined()) {
            chase.step(pursuit.first_gradient);
        } else {
            chase.look_and_step();
        }
    }
    if (!chase.over()) {
        chase.let_go(victim.logits(chase.place()));
    }
    victim.require_numbers();
    return chase.found();
}

}  // namespace hfc::attack
