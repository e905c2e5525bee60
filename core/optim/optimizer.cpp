#include "optim/optimizer.h"

#include "optim/optimizers.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace hfc::optim {
namespace {

using Options = OptimizerOptions;

/// Throws Error for a group without parameters, and for parameters that are listed twice or are
/// already in `seen`. Adds the parameters to `seen`.
void require_new_parameters(const ParameterGroup& group,
                            std::unordered_set<at::TensorImpl*>& seen) {
    require(!group.parameters.empty(), "optimizer {}: a group has no parameters",
            group.options.name);
    for (const auto& parameter : group.parameters) {
        require(seen.insert(parameter.unsafeGetTensorImpl()).second,
                "optimizer {}: a parameter of shape [{}] occurs twice", group.options.name,
                fmt::join(parameter.sizes(), ", "));
    }
}

/// The values of `gradient` in the memory layout of the weight, because the fused kernels walk
/// through both in parallel.
at::Tensor in_layout_of(const at::Tensor& weight, const at::Tensor& gradient) {
    require(gradient.sizes() == weight.sizes(),
            "optimizer: a parameter of shape [{}] has a gradient of shape [{}]",
            fmt::join(weight.sizes(), ", "), fmt::join(gradient.sizes(), ", "));
    if (gradient.strides() == weight.strides() && gradient.scalar_type() == weight.scalar_type() &&
        gradient.device() == weight.device()) {
        return gradient;
    }
    return at::empty_like(weight, weight.options().requires_grad(false)).copy_(gradient);
}

}  // namespace

bool is_state_number(const std::string& name) {
    static const std::unordered_set<std::string> numbers = {
        "step", "mu_product", "eta", "mu", "func_evals", "n_iter", "t", "H_diag", "prev_loss",
    };
    return numbers.contains(name) || name.starts_with("ro.");
}

const std::vector<std::string>& scheduled_names() {
    static const std::vector<std::string> names = {"initial_lr",   "max_lr",        "min_lr",
                                                   "max_momentum", "base_momentum", "swa_lr"};
    return names;
}

Optimizer::Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {
    size_t parameters = 0;
    for (const auto& group : groups_) {
        parameters += group.parameters.size();
    }
    states_.resize(parameters);
    defaults = groups_.front().options;
}

void Optimizer::add_group(ParameterGroup group) {
    std::unordered_set<at::TensorImpl*> seen;
    for (const auto& other : groups_) {
        require_new_parameters(other, seen);
    }
    require_valid_later(group.options);
    require_new_parameters(group, seen);
    states_.resize(states_.size() + group.parameters.size());
    groups_.push_back(std::move(group));
}

const at::Tensor& Optimizer::parameter_at(size_t position) const {
    size_t first = 0;
    for (const auto& group : groups_) {
        if (position < first + group.parameters.size()) {
            return group.parameters[position - first];
        }
        first += group.parameters.size();
    }
    fail("optimizer {}: there is no parameter {}", defaults.name, position);
}

Optimizer::State Optimizer::fitted(const State& saved, size_t position) const {
    const at::NoGradGuard no_grad;
    const auto& parameter = parameter_at(position);
    const auto& known = state_names_of(defaults.name);
    State state;
    for (const auto& [name, tensor] : saved) {
        require(std::ranges::find(known, name.substr(0, name.find('.'))) != known.end(),
                "state[{}]: the optimizer {} does not store {}; it stores {}", position,
                defaults.name, name, fmt::join(known, ", "));
        const auto shape = is_state_number(name) ? std::vector<int64_t>() : state_shape(parameter);
        require(tensor.sizes() == shape, "state[{}].{}: expected shape [{}], got [{}]", position,
                name, fmt::join(shape, ", "), fmt::join(tensor.sizes(), ", "));
        const auto options = parameter.options().requires_grad(false);
        state[name] = is_state_number(name) ? tensor.detach().clone()
                      : tensor.sizes() == parameter.sizes()
                          ? at::empty_like(parameter, options).copy_(tensor)
                          : at::empty(shape, options).copy_(tensor);
    }
    return state;
}

std::vector<Optimizer::Batch> Optimizer::collect(const ParameterGroup& group, size_t first_state) {
    std::vector<Batch> batches;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
        const auto& weight = group.parameters[i];
        if (!weight.grad().defined()) {
            continue;
        }
        const auto fits = [&](const Batch& batch) {
            return batch.weights[0].scalar_type() == weight.scalar_type() &&
                   batch.weights[0].device() == weight.device();
        };
        auto batch = std::find_if(batches.begin(), batches.end(), fits);
        if (batch == batches.end()) {
            batch = batches.emplace(batches.end());
        }
        batch->weights.push_back(weight);
        batch->gradients.push_back(in_layout_of(weight, weight.grad()));
        batch->states.push_back(&states_[first_state + i]);
    }
    return batches;
}

void Optimizer::step() {
    require(!needs_closure(),
            "optimizer {}: a step requires a closure (a function that computes the loss and its "
            "gradients)",
            defaults.name);
    const at::NoGradGuard no_grad;
    size_t first_state = 0;
    for (const auto& group : groups_) {
        for (const auto& batch : collect(group, first_state)) {
            update(batch, group.options);
        }
        first_state += group.parameters.size();
    }
}

void Optimizer::step_with(const Closure& closure) {
    {
        const at::AutoGradMode with_gradients(true);
        closure();
    }
    step();
}

void Optimizer::zero_grad(bool drop) {
    for (auto& group : groups_) {
        for (auto& parameter : group.parameters) {
            auto& gradient = parameter.mutable_grad();
            if (drop) {
                gradient.reset();
            } else if (gradient.defined()) {
                gradient = gradient.detach();
                gradient.zero_();
            }
        }
    }
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups) {
    require(!groups.empty(), "optimizer: expected at least one parameter, got none");
    std::unordered_set<at::TensorImpl*> seen;
    for (auto& group : groups) {
        require_new_parameters(group, seen);
        group.options.name = groups.front().options.name;
        require_valid_later(group.options);
    }
    return maker_of(groups.front().options.name)(std::move(groups));
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters,
                                          const Options& options) {
    require_valid(options);
    std::vector<ParameterGroup> groups(1);
    groups[0].parameters = std::move(parameters);
    groups[0].options = options;
    return make_optimizer(std::move(groups));
}

}  // namespace hfc::optim
