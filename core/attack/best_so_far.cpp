#include "attack/best_so_far.h"

#include <ATen/ATen.h>

namespace hfc::attack {

void BestSoFar::offer(const at::Tensor& images) {
    if (!images_.defined()) {
        images_ = images;
        return;
    }
    const auto logits = network_.logits(images);
    take(images, network_.fooled(logits, labels_), network_.losses(logits, labels_));
}

void BestSoFar::offer(Evaluation& candidates) {
    take(candidates.images(), candidates.fooled(), candidates.losses());
}

void BestSoFar::take(const at::Tensor& images, const at::Tensor& fooled, const at::Tensor& losses) {
    if (!images_.defined()) {
        images_ = images;
        fooled_ = fooled;
        losses_ = losses;
        return;
    }
    if (!fooled_.defined()) {
        const auto logits = network_.logits(images_);
        fooled_ = network_.fooled(logits, labels_);
        losses_ = network_.losses(logits, labels_);
    }
    const auto better = at::where(fooled.eq(fooled_),
                                  losses.gt(losses_).logical_and(fooled_.logical_not()), fooled);
    images_ = at::where(beside_images(better), images, images_);
    fooled_ = at::where(better, fooled, fooled_);
    losses_ = at::where(better, losses, losses_);
}

}  // namespace hfc::attack
