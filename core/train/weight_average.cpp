#include "train/weight_average.h"

#include "base/error.h"
#include "model/state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace hfc::train {
namespace {

constexpr const char* updates_name = "average.updates";

}  // namespace

WeightAverage::WeightAverage(model::Model& model, double decay)
    : decay_(decay), average_(model, "average", "averaged weights") {
    require(decay > 0 && decay < 1, "'average' must be above 0 and below 1, got {}", decay);
}

void WeightAverage::update() {
    const at::NoGradGuard no_grad;
    const auto weights = average_.current();
    for (size_t i = 0; i < weights.size(); ++i) {
        const auto& mean = average_.tensors()[i];
        if (updates_ > 0 && mean.is_floating_point()) {
            mean.lerp_(weights[i], 1 - decay_);
        } else {
            mean.copy_(weights[i]);
        }
    }
    ++updates_;
}

void WeightAverage::swap(const std::vector<at::Tensor>& weights) {
    if (updates_ == 0) {
        return;
    }
    for (size_t i = 0; i < weights.size(); ++i) {
        const auto weight = weights[i].detach().clone();
        model::put_back(weights[i], average_.tensors()[i]);
        model::put_back(average_.tensors()[i], weight);
    }
}

tensor_file::NamedTensors WeightAverage::state() const {
    auto state = average_.state();
    state.emplace_back(updates_name, at::scalar_tensor(updates_, at::kLong));
    return state;
}

void WeightAverage::restore(const checkpoint::Checkpoint& checkpoint) {
    const auto& updates = checkpoint.tensor(updates_name);
    require(updates.numel() == 1 && updates.scalar_type() == at::kLong,
            "the checkpoint's weight average has no valid update count");
    average_.restore(checkpoint);
    updates_ = updates.item<int64_t>();
}

AveragedScope::AveragedScope(WeightAverage* average) : average_(average) {
    if (average_ != nullptr) {
        weights_ = average_->weights();
        average_->swap(weights_);
    }
}

AveragedScope::~AveragedScope() {
    if (average_ != nullptr) {
        average_->swap(weights_);
    }
}

}  // namespace hfc::train
