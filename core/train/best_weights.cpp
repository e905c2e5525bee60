#include "train/best_weights.h"

#include "train/checkpointer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::train {

BestWeights::BestWeights(model::Model& model) : best_(model, "best", "best weights") {}

void BestWeights::update(const std::vector<EpochResult>& earlier, const EpochResult& last) {
    const auto merit = merit_of(last);
    if (std::ranges::any_of(earlier,
                            [&](const EpochResult& result) { return merit_of(result) > merit; })) {
        return;
    }
    const at::NoGradGuard no_grad;
    const auto now = best_.current();
    for (size_t i = 0; i < now.size(); ++i) {
        best_.tensors()[i].copy_(now[i]);
    }
}

void BestWeights::put() {
    const at::NoGradGuard no_grad;
    const auto now = best_.current();
    for (size_t i = 0; i < now.size(); ++i) {
        now[i].copy_(best_.tensors()[i]);
    }
}

}  // namespace hfc::train
