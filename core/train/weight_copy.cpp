#include "train/weight_copy.h"

#include "base/error.h"
#include "model/state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <utility>

namespace hfc::train {
namespace {

void copy(const std::vector<at::Tensor>& from, const std::vector<at::Tensor>& to) {
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < to.size(); ++i) {
        to[i].copy_(from[i]);
    }
}

}  // namespace

WeightCopy::WeightCopy(model::Model& model, std::string name, std::string meaning)
    : model_(model), name_(std::move(name)), meaning_(std::move(meaning)) {
    for (const auto& [key, tensor] : model::state_of(model)) {
        tensors_.push_back(tensor.detach().clone());
    }
}

std::vector<at::Tensor> WeightCopy::current() const {
    std::vector<at::Tensor> now;
    for (const auto& [key, tensor] : model::state_of(model_)) {
        now.push_back(tensor);
    }
    require(now.size() == tensors_.size(),
            "the model has {} weights and buffers now, but had {} when training started",
            now.size(), tensors_.size());
    for (size_t i = 0; i < now.size(); ++i) {
        require(now[i].sizes() == tensors_[i].sizes(),
                "tensor {} of the model has shape {} now, but had {} when training started", i,
                now[i].sizes(), tensors_[i].sizes());
    }
    return now;
}

void WeightCopy::take() {
    copy(current(), tensors_);
}

void WeightCopy::put() const {
    copy(tensors_, current());
}

tensor_file::NamedTensors WeightCopy::state() const {
    tensor_file::NamedTensors state;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        state.emplace_back(name_of(i), tensors_[i]);
    }
    return state;
}

void WeightCopy::restore(const checkpoint::Checkpoint& checkpoint) {
    std::vector<at::Tensor> found;
    for (size_t i = 0; i < tensors_.size(); ++i) {
        const auto& saved = checkpoint.tensor(name_of(i));
        require(saved.sizes() == tensors_[i].sizes(),
                "the checkpoint's {} belong to a different model: tensor {} was {} and is now {}",
                meaning_, i, saved.sizes(), tensors_[i].sizes());
        found.push_back(saved);
    }
    copy(found, tensors_);
}

std::string WeightCopy::name_of(size_t place) const {
    return fmt::format("{}.{}", name_, place);
}

}  // namespace hfc::train
