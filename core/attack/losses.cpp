#include "attack/losses.h"

#include "model/metrics.h"

#include <ATen/ATen.h>

#include <limits>

namespace hfc::attack {
namespace {

/// As in Croce and Hein 2020; prevents a division by zero if logits are equal.
constexpr double least_gap = 1e-12;

at::Tensor logit_of(const at::Tensor& logits, const at::Tensor& classes) {
    return logits.gather(1, classes.unsqueeze(1)).squeeze(1);
}

at::Tensor without_label(const at::Tensor& logits, const at::Tensor& labels) {
    return logits.scatter(1, labels.unsqueeze(1), -std::numeric_limits<double>::infinity());
}

at::Tensor margins(const at::Tensor& logits, const at::Tensor& labels) {
    return without_label(logits, labels).amax(1) - logit_of(logits, labels);
}

/// The `count` largest logits of each row, in descending order.
at::Tensor largest_logits(const at::Tensor& logits, int64_t count) {
    return std::get<0>(logits.topk(count, 1));
}

}  // namespace

int64_t classes_needed(Loss loss, bool targeted) {
    if (loss == Loss::dlr) {
        return targeted ? 4 : 3;
    }
    return targeted || loss == Loss::margin ? 2 : 1;
}

at::Tensor untargeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels) {
    if (loss == Loss::cross_entropy) {
        return model::cross_entropies(logits, labels);
    }
    const auto margin = margins(logits, labels);
    if (loss == Loss::margin) {
        return margin;
    }
    const auto largest = largest_logits(logits, 3);
    return margin / (largest.select(1, 0) - largest.select(1, 2) + least_gap);
}

at::Tensor targeted_losses(Loss loss, const at::Tensor& logits, const at::Tensor& labels,
                           const at::Tensor& targets) {
    if (loss == Loss::cross_entropy) {
        return model::cross_entropies(logits, targets).neg();
    }
    const auto margin = logit_of(logits, targets) - logit_of(logits, labels);
    if (loss == Loss::margin) {
        return margin;
    }
    const auto largest = largest_logits(logits, 4);
    const auto third_and_fourth = (largest.select(1, 2) + largest.select(1, 3)) / 2;
    return margin / (largest.select(1, 0) - third_and_fourth + least_gap);
}

at::Tensor likely_wrong_class(const at::Tensor& logits, const at::Tensor& labels, int64_t rank) {
    return std::get<1>(without_label(logits, labels).topk(rank + 1, 1)).select(1, rank);
}

}  // namespace hfc::attack
