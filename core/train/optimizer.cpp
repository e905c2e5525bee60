#include "train/optimizer.h"

#include "train/optimizers.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace hfc::train {
namespace {

using Options = OptimizerOptions;

/// All settings there are.
namespace setting {
constexpr OptimizerSetting lr = {"lr", &Options::lr, nullptr},
                           momentum = {"momentum", &Options::momentum, nullptr},
                           weight_decay = {"weight_decay", &Options::weight_decay, nullptr},
                           dampening = {"dampening", &Options::dampening, nullptr},
                           nesterov = {"nesterov", nullptr, &Options::nesterov},
                           beta1 = {"beta1", &Options::beta1, nullptr},
                           beta2 = {"beta2", &Options::beta2, nullptr},
                           eps = {"eps", &Options::eps, nullptr},
                           alpha = {"alpha", &Options::alpha, nullptr},
                           centered = {"centered", nullptr, &Options::centered},
                           rho = {"rho", &Options::rho, nullptr},
                           lr_decay = {"lr_decay", &Options::lr_decay, nullptr},
                           initial_accumulator_value = {"initial_accumulator_value",
                                                        &Options::initial_accumulator_value,
                                                        nullptr};
}  // namespace setting

/// What there is to know of one optimizer.
struct Kind {
    std::vector<OptimizerSetting> settings;
    Options defaults;
    std::unique_ptr<Optimizer> (*make)(std::vector<ParameterGroup>);
};

Options with(const std::string& name, double rate, double decay, double epsilon) {
    Options options;
    options.name = name;
    options.lr = rate;
    options.weight_decay = decay;
    options.eps = epsilon;
    return options;
}

const std::map<std::string, Kind>& kinds() {
    using namespace setting;
    static const std::map<std::string, Kind> all = {
        {"adadelta", {{lr, weight_decay, eps, rho}, with("adadelta", 1, 0, 1e-6), make_adadelta}},
        {"adagrad",
         {{lr, weight_decay, eps, lr_decay, initial_accumulator_value},
          with("adagrad", 1e-2, 0, 1e-10),
          make_adagrad}},
        {"adam", {{lr, weight_decay, eps, beta1, beta2}, with("adam", 1e-3, 0, 1e-8), make_adam}},
        {"adamw",
         {{lr, weight_decay, eps, beta1, beta2}, with("adamw", 1e-3, 1e-2, 1e-8), make_adamw}},
        {"rmsprop",
         {{lr, weight_decay, eps, alpha, momentum, centered},
          with("rmsprop", 1e-2, 0, 1e-8),
          make_rmsprop}},
        {"sgd",
         {{lr, weight_decay, momentum, dampening, nesterov}, with("sgd", 1e-3, 0, 1e-8), make_sgd}},
    };
    return all;
}

const Kind& find(const std::string& name) {
    const auto& known = known_optimizers();
    require(kinds().contains(name), "unknown optimizer '{}'{}: expected one of {}", name,
            did_you_mean(name, known), fmt::join(known, ", "));
    return kinds().at(name);
}

void require_between(const Options& options, const OptimizerSetting& which, double least,
                     double below) {
    const double value = options.*which.number;
    require(std::isfinite(value) && value >= least && value < below,
            "optimizer {}: {} must be {}, got {}", options.name, which.name,
            std::isinf(below) ? fmt::format("a number of at least {}", least)
                              : fmt::format("in [{},{})", least, below),
            value);
}

/// Settings that differ from their defaults belong to the optimizer.
void require_known_settings(const Options& options) {
    using namespace setting;
    const Options defaults = default_options(options.name);
    const auto& own = settings_of(options.name);
    for (const auto& one : {momentum, dampening, nesterov, rho, alpha, centered, lr_decay,
                            initial_accumulator_value}) {
        const bool changed = one.number != nullptr ? options.*one.number != defaults.*one.number
                                                   : options.*one.flag != defaults.*one.flag;
        const bool known = std::any_of(own.begin(), own.end(), [&](const auto& other) {
            return std::string(other.name) == one.name;
        });
        require(known || !changed, "optimizer {} has no {}", options.name, one.name);
    }
}

/// The same values as `gradient`, laid out in memory as the weight is: the fused kernels walk both
/// side by side.
at::Tensor in_layout_of(const at::Tensor& weight, const at::Tensor& gradient) {
    require(gradient.sizes() == weight.sizes(),
            "optimizer: a parameter of shape [{}] holds a gradient of shape [{}]",
            fmt::join(weight.sizes(), ", "), fmt::join(gradient.sizes(), ", "));
    if (gradient.strides() == weight.strides() && gradient.scalar_type() == weight.scalar_type() &&
        gradient.device() == weight.device()) {
        return gradient;
    }
    return at::empty_like(weight, weight.options().requires_grad(false)).copy_(gradient);
}

}  // namespace

const std::vector<std::string>& known_optimizers() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const auto& [name, kind] : kinds()) {
            all.push_back(name);
        }
        return all;
    }();
    return names;
}

const std::vector<OptimizerSetting>& settings_of(const std::string& name) {
    return find(name).settings;
}

OptimizerOptions default_options(const std::string& name) {
    return find(name).defaults;
}

void require_valid(const Options& options) {
    using namespace setting;
    const double unlimited = std::numeric_limits<double>::infinity();
    find(options.name);
    require(std::isfinite(options.lr) && options.lr > 0,
            "optimizer {}: lr must be a number above 0, got {}", options.name, options.lr);
    require_known_settings(options);
    for (const auto& share : {momentum, beta1, beta2, alpha}) {
        require_between(options, share, 0, 1);
    }
    require_between(options, rho, 0, 1 + 1e-12);
    require_between(options, dampening, 0, 1 + 1e-12);
    for (const auto& size : {weight_decay, eps, lr_decay, initial_accumulator_value}) {
        require_between(options, size, 0, unlimited);
    }
    require(!options.nesterov || (options.momentum > 0 && options.dampening == 0),
            "optimizer sgd: nesterov needs a momentum above 0 and no dampening");
}

void require_valid_later(Options options) {
    options.lr = options.lr == 0 ? 1 : options.lr;
    require_valid(options);
}

Optimizer::Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {
    size_t parameters = 0;
    for (const auto& group : groups_) {
        parameters += group.parameters.size();
    }
    states_.resize(parameters);
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
    const at::NoGradGuard no_grad;
    size_t first_state = 0;
    for (const auto& group : groups_) {
        for (const auto& batch : collect(group, first_state)) {
            update(batch, group.options);
        }
        first_state += group.parameters.size();
    }
}

void Optimizer::zero_grad() {
    for (auto& group : groups_) {
        for (auto& parameter : group.parameters) {
            parameter.mutable_grad().reset();
        }
    }
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups) {
    require(!groups.empty(), "optimizer: there are no parameters");
    std::unordered_set<at::TensorImpl*> seen;
    for (auto& group : groups) {
        require(!group.parameters.empty(), "optimizer {}: a group has no parameters",
                group.options.name);
        for (const auto& parameter : group.parameters) {
            require(seen.insert(parameter.unsafeGetTensorImpl()).second,
                    "optimizer {}: a parameter of shape [{}] stands twice", group.options.name,
                    fmt::join(parameter.sizes(), ", "));
        }
        group.options.name = groups.front().options.name;
        require_valid(group.options);
    }
    return find(groups.front().options.name).make(std::move(groups));
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters,
                                          const Options& options) {
    return make_optimizer({{std::move(parameters), options}});
}

}  // namespace hfc::train
