#include "train/best_weights.h"

#include "train/checkpointer.h"

#include <algorithm>

namespace hfc::train {

BestWeights::BestWeights(model::Model& model) : best_(model, "best", "best weights") {}

void BestWeights::update(const std::vector<EpochResult>& earlier, const EpochResult& last) {
    const auto merit = merit_of(last);
    if (std::ranges::any_of(earlier,
                            [&](const EpochResult& result) { return merit_of(result) > merit; })) {
        return;
    }
    best_.take();
}

}  // namespace hfc::train
