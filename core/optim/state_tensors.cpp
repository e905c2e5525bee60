#include "optim/state_tensors.h"

#include "base/error.h"

#include <ATen/ATen.h>

namespace hfc::optim {

// full_like keeps the layout, which the fused kernels rely on.
at::Tensor& filled(Optimizer::State& state, const char* name, const at::Tensor& weight,
                   double value) {
    const auto options = weight.options().requires_grad(false);
    auto& tensor = state[name];
    if (!tensor.defined()) {
        tensor = at::full_like(weight, value, options);
    }
    require(
        tensor.sizes() == weight.sizes(),
        "optimizer: the state '{}' of a parameter must have the parameter's shape [{}], got [{}]",
        name, fmt::join(weight.sizes(), ", "), fmt::join(tensor.sizes(), ", "));
    if (tensor.strides() != weight.strides() || tensor.device() != weight.device() ||
        tensor.scalar_type() != weight.scalar_type()) {
        // The layout, device or dtype of the weight has changed since the last step.
        tensor = at::empty_like(weight, options).copy_(tensor);
    }
    return tensor;
}

at::Tensor& zeros(Optimizer::State& state, const char* name, const at::Tensor& weight) {
    return filled(state, name, weight, 0);
}

at::Tensor& number_of(Optimizer::State& state, const char* name, double value) {
    auto& number = state[name];
    if (!number.defined()) {
        number = at::full({}, value, at::kFloat);
    }
    return number;
}

at::Tensor& steps_of(Optimizer::State& state, at::Device device) {
    auto& steps = state["step"];
    if (!steps.defined()) {
        steps = at::zeros({}, at::dtype(at::kFloat).device(device));
    }
    require(steps.dim() == 0,
            "optimizer: the state 'step' of a parameter must be a single number, got shape [{}]",
            fmt::join(steps.sizes(), ", "));
    if (steps.device() != device || steps.scalar_type() != at::kFloat) {
        steps = steps.to(device, at::kFloat);
    }
    return steps;
}

at::Tensor& count_step(Optimizer::State& state) {
    return steps_of(state, at::kCPU).add_(1);
}

}  // namespace hfc::optim
