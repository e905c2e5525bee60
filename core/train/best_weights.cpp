#include "train/best_weights.h"

#include "base/error.h"
#include "model/state.h"
#include "train/checkpointer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::train {
namespace {

std::string name_of_best(size_t place) {
    return fmt::format("best.{}", place);
}

}  // namespace

BestWeights::BestWeights(model::Model& model) : model_(model) {
    for (const auto& [name, tensor] : model::state_of(model)) {
        best_.push_back(tensor.detach().clone());
    }
}

void BestWeights::update(const std::vector<EpochResult>& results) {
    const auto last = merit_of(results.back());
    if (std::ranges::any_of(results,
                            [&](const EpochResult& result) { return merit_of(result) > last; })) {
        return;
    }
    const auto now = model::state_of(model_);
    require(now.size() == best_.size(),
            "the model has {} weights and buffers now, but had {} when training started",
            now.size(), best_.size());
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < now.size(); ++i) {
        best_[i].copy_(now[i].second);
    }
}

void BestWeights::put() {
    const at::NoGradGuard no_grad;
    auto now = model::state_of(model_);
    for (size_t i = 0; i < now.size(); ++i) {
        now[i].second.copy_(best_[i]);
    }
}

tensor_file::NamedTensors BestWeights::state() const {
    tensor_file::NamedTensors state;
    for (size_t i = 0; i < best_.size(); ++i) {
        state.emplace_back(name_of_best(i), best_[i]);
    }
    return state;
}

void BestWeights::restore(const checkpoint::Checkpoint& checkpoint) {
    for (size_t i = 0; i < best_.size(); ++i) {
        const auto& saved = checkpoint.tensor(name_of_best(i));
        require(saved.sizes() == best_[i].sizes(),
                "the checkpoint's best weights belong to a different model: tensor {} was {} and "
                "is now {}",
                i, saved.sizes(), best_[i].sizes());
    }
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < best_.size(); ++i) {
        best_[i].copy_(checkpoint.tensor(name_of_best(i)));
    }
}

}  // namespace hfc::train
