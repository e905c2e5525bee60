#include "model/model.h"

#include "base/error.h"
#include "model/layer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hfc::model {
namespace {

/// Copies values by name, with the dtype, layout and device of the originals.
template <typename Named>
void copy_values(Named&& to, const Named& from) {
    for (auto& entry : to) {
        const at::Tensor* original = from.find(entry.key());
        require(original != nullptr, "the copied model has no parameter or buffer '{}'",
                entry.key());
        entry.value().set_data(original->detach().clone());
        entry.value().requires_grad_(original->requires_grad());
    }
}

}  // namespace

ModelPtr Model::copy() const {
    require(origin.has_value(), "this model cannot be copied: it is not a built-in network");
    auto result = make(origin->name, origin->options);
    result->class_names = class_names;
    copy_values(result->named_parameters(), named_parameters());
    copy_values(result->named_buffers(), named_buffers());
    const auto own = modules();
    const auto copied = result->modules();
    for (size_t i = 0; i < own.size(); ++i) {
        if (copied[i]->is_training() != own[i]->is_training()) {
            copied[i]->train(own[i]->is_training());
        }
    }
    return result;
}

bool Model::calls_back() const {
    return std::ranges::any_of(modules(/*include_self=*/false), [](const auto& part) {
        const auto* const layer = dynamic_cast<const Layer*>(part.get());
        return layer != nullptr && layer->has_hooks();
    });
}

int64_t count_parameters(const Model& model) {
    int64_t count = 0;
    for (const auto& parameter : model.parameters()) {
        count += parameter.requires_grad() ? parameter.numel() : 0;
    }
    return count;
}

at::Device device_of(const Model& model) {
    const auto parameters = model.parameters();
    return parameters.empty() ? at::Device(at::kCPU) : parameters.front().device();
}

void use_channels_last(Model& model) {
    for (auto& parameter : model.parameters()) {
        if (parameter.dim() == 4) {
            // set_data keeps the variable, so an optimizer that already holds it can continue to
            // use it.
            parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
        }
    }
}

EvaluationScope::EvaluationScope(Model& model) : model_(model), was_training_(model.is_training()) {
    for (const auto& part : model.modules(/*include_self=*/false)) {
        parts_.emplace_back(part, part->is_training());
    }
    model_.eval();
}

EvaluationScope::~EvaluationScope() {
    model_.restore_mode(was_training_);
    // restore_mode() and train() also set the mode of all submodules, so the order matters: in
    // parts_, a part with its own mode (a frozen BatchNorm) comes after its parent.
    for (const auto& [part, was_training] : parts_) {
        if (part->is_training() != was_training) {
            part->train(was_training);
        }
    }
}

}  // namespace hfc::model
