#include "attack/early_stop.h"

#include "base/interrupt.h"

#include <ATen/ATen.h>

#include <limits>

namespace hfc::attack {

EarlyStoppingAttack::EarlyStoppingAttack(const AttackedNetwork& network, const Settings& settings,
                                         const AttackBatch& batch, const at::Tensor& first_gradient)
    : network_(network),
      settings_(settings),
      attack_(settings.method->make(settings)),
      first_gradient_(first_gradient),
      images_(batch.images),
      labels_(batch.labels),
      positions_(at::arange(batch.images.size(0), labels_.options())),
      found_(
          at::full({batch.images.size(0)}, std::numeric_limits<double>::infinity(), at::kDouble)) {
    attack_->begin(network, batch);
}

/// Records and drops the images that are fooled. Returns the rows that are kept.
at::Tensor EarlyStoppingAttack::drop_fooled(const at::Tensor& fooled) {
    const auto gone = fooled.nonzero().squeeze(1);
    auto kept = fooled.logical_not().nonzero().squeeze(1);
    if (gone.numel() == 0) {
        return kept;
    }
    const auto sizes = sizes_of(attack_->images().index_select(0, gone),
                                images_.index_select(0, gone), settings_.norm);
    found_.index_copy_(0, positions_.index_select(0, gone).cpu(), sizes.cpu());
    if (adversarial_.defined()) {
        adversarial_ = adversarial_.index_copy(0, positions_.index_select(0, gone),
                                               attack_->images().index_select(0, gone));
    }
    attack_->keep(kept);
    images_ = images_.index_select(0, kept);
    labels_ = labels_.index_select(0, kept);
    positions_ = positions_.index_select(0, kept);
    return kept;
}

/// Images that are already fooled leave the batch; the others take one step.
void EarlyStoppingAttack::iterate(bool first) {
    Evaluation here(network_, attack_->images(), labels_, attack_->uses_gradient());
    if (first && first_gradient_.defined()) {
        here.set_gradient(first_gradient_);
    } else {
        const auto before = positions_.numel();
        const auto kept = drop_fooled(attack_->fooled(here));
        if (over()) {
            return;
        }
        if (positions_.numel() < before) {
            here.keep(kept);
        }
    }
    attack_->advance(here);
}

at::Tensor EarlyStoppingAttack::run() {
    for (int64_t i = 0; i < attack_->iterations() && !over(); ++i) {
        check_interrupt();
        iterate(i == 0);
    }
    if (!over()) {
        Evaluation last(network_, attack_->images(), labels_, /*graph=*/false);
        const auto kept = drop_fooled(attack_->fooled(last));
        if (!over() && adversarial_.defined() && attack_->sees_last()) {
            last.keep(kept);
            attack_->finish(last);
        }
    }
    network_.require_numbers();
    return found_;
}

at::Tensor EarlyStoppingAttack::results() const {
    return over() ? adversarial_ : adversarial_.index_copy(0, positions_, attack_->result());
}

}  // namespace hfc::attack
