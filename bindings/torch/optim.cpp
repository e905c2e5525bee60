// torch.optim: the core's optimizers.
#include "bindings/torch/optim.h"

#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/parameters.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cctype>

namespace hfc::lua {
namespace {

void read_setting(Options& options, const optim::OptimizerSetting& setting,
                  optim::OptimizerOptions& optimizer) {
    if (setting.number != nullptr) {
        optimizer.*setting.number = options.number(setting.name, optimizer.*setting.number);
    } else if (setting.flag != nullptr) {
        optimizer.*setting.flag = options.boolean(setting.name, optimizer.*setting.flag);
    } else {
        optimizer.*setting.text = options.text(setting.name, optimizer.*setting.text);
    }
}

void read_pair(Options& options, const char* name, optim::OptimizerOptions& optimizer) {
    const auto pair = settings_of_pair(optimizer, name);
    options.with(name, [&](const Value& value) {
        const auto numbers = value.numbers();
        if (numbers.size() != 2) {
            value.expected("a list of two numbers");
        }
        optimizer.*pair[0].number = numbers[0];
        optimizer.*pair[1].number = numbers[1];
    });
}

}  // namespace

std::vector<optim::OptimizerSetting> settings_of_pair(const optim::OptimizerOptions& options,
                                                      const std::string& name) {
    std::vector<optim::OptimizerSetting> found;
    for (const auto& setting : optim::settings_of(options.name)) {
        if (setting.pair != nullptr && name == setting.pair) {
            found.push_back(setting);
        }
    }
    return found;
}

void read_optimizer_options(Options& options, optim::OptimizerOptions& optimizer) {
    std::string last;
    for (const auto& setting : optim::settings_of(optimizer.name)) {
        if (setting.pair == nullptr) {
            read_setting(options, setting, optimizer);
        } else if (last != setting.pair) {
            read_pair(options, setting.pair, optimizer);
            last = setting.pair;
        }
    }
    // Python's options for choosing a kernel; all kernels compute the same numbers.
    for (const char* kernel : {"foreach", "fused", "capturable"}) {
        options.know(kernel);
    }
}

std::string class_name(const optim::OptimizerOptions& options) {
    for (const char* name : {"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "LBFGS",
                             "NAdam", "RAdam", "RMSprop", "Rprop", "SGD"}) {
        std::string small = name;
        std::ranges::transform(small, small.begin(),
                               [](char c) { return static_cast<char>(std::tolower(c)); });
        if (small == options.name) {
            return name;
        }
    }
    return options.name;
}

namespace {

OptimizerPtr self_optimizer(Call& call) {
    return call.argument(1, "optimizer").object<OptimizerPtr>();
}

void read_group_parameters(lua_State* L, const Value& value, optim::ParameterGroup& group) {
    // `params` may be a single Tensor: {params = w}.
    auto read = to_tensor(L, value.index()) != nullptr
                    ? Parameters{{*to_tensor(L, value.index())}, {}}
                    : read_parameters(L, value);
    for (size_t i = 0; i < read.tensors.size(); ++i) {
        require(read.tensors[i].is_leaf(),
                "parameter {}: expected a leaf tensor, got a tensor computed from other tensors",
                i + 1);
        require(read.tensors[i].is_floating_point(),
                "parameter {}: expected a floating-point Tensor, got {}", i + 1,
                describe_tensor(read.tensors[i]));
    }
    group.parameters = std::move(read.tensors);
    group.names = std::move(read.names);
}

/// {params = {...}, lr = ...}
optim::ParameterGroup read_group(lua_State* L, int table, const optim::OptimizerOptions& defaults) {
    Options options(L, table);
    optim::ParameterGroup group;
    group.options = defaults;
    options.with("params", [&](const Value& value) { read_group_parameters(L, value, group); });
    read_optimizer_options(options, group.options);
    options.finish();
    return group;
}

bool is_group(lua_State* L, int index) {
    if (!lua_istable(L, index)) {
        return false;
    }
    lua_getfield(L, index, "params");
    const bool group = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return group;
}

/// A list of Tensors, or of groups {params = {...}, lr = ...}.
std::vector<optim::ParameterGroup> read_groups(lua_State* L, const Value& value,
                                               const optim::OptimizerOptions& defaults) {
    const int index = value.index();
    bool grouped = false;
    if (lua_istable(L, index)) {
        lua_rawgeti(L, index, 1);
        grouped = is_group(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    std::vector<optim::ParameterGroup> groups;
    if (!grouped) {
        groups.emplace_back().options = defaults;
        read_group_parameters(L, value, groups[0]);
        return groups;
    }
    const size_t length = lua_objlen(L, index);
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        require(is_group(L, lua_gettop(L)),
                "group {}: expected a table {{params = ..., lr = ...}}, got {}", i,
                describe(L, lua_gettop(L)));
        groups.push_back(read_group(L, lua_gettop(L), defaults));
        lua_pop(L, 1);
    }
    return groups;
}

template <const char* name>
int make(Call& call) {
    auto settings = optim::default_options(name);
    // torch.optim.SGD(params, 0.1): lr by position, as in Python.
    const bool by_position = lua_type(call.L, 2) == LUA_TNUMBER;
    call.at_most(by_position ? 3 : 2);
    if (by_position) {
        settings.lr = call.argument(2, "lr").number();
    }
    auto options = call.options(by_position ? 3 : 2);
    read_optimizer_options(options, settings);
    options.finish();
    auto groups = read_groups(call.L, call.argument(1, "params"), settings);
    OptimizerPtr optimizer = optim::make_optimizer(std::move(groups));
    if (!optimizer->needs_closure()) {
        optimizer->defaults = settings;
    }
    return call.returns_object(optimizer);
}

/// A loss as a number.
double loss_of(lua_State* L, int index) {
    if (const at::Tensor* loss = to_tensor(L, index); loss != nullptr && loss->numel() == 1) {
        return loss->item<double>();
    }
    require(lua_type(L, index) == LUA_TNUMBER,
            "the closure must return the loss as a number or a Tensor with one element, got {}",
            describe(L, index));
    return lua_tonumber(L, index);
}

/// Used for LBFGS. The result of the closure's first call stays on the stack.
int step_by_closure(Call& call, optim::Optimizer& optimizer) {
    lua_State* L = call.L;
    lua_settop(L, 2);
    optimizer.step_with([L] {
        lua_pushvalue(L, 2);
        protected_call(L, 0, 1);
        const double loss = loss_of(L, lua_gettop(L));
        lua_settop(L, 3);
        return loss;
    });
    return 1;
}

int step_optimizer(Call& call) {
    const auto optimizer = self_optimizer(call);
    call.at_most(2);
    if (!call.given(2)) {
        optimizer->step();
        return 0;
    }
    if (!lua_isfunction(call.L, 2)) {
        call.argument(2, "closure").expected("a function that computes the loss and its gradients");
    }
    if (optimizer->needs_closure()) {
        return step_by_closure(call, *optimizer);
    }
    {
        const at::AutoGradMode with_gradients(true);
        lua_pushvalue(call.L, 2);
        protected_call(call.L, 0, 1);
    }
    optimizer->step();
    return 1;
}

int zero_grad(Call& call) {
    auto options = call.options(2);
    const bool drop = options.boolean("set_to_none", true);
    options.finish();
    self_optimizer(call)->zero_grad(drop);
    return 0;
}

int add_param_group(Call& call) {
    const auto optimizer = self_optimizer(call);
    call.at_most(2);
    if (!is_group(call.L, 2)) {
        call.argument(2, "group").expected("a table {params = ..., lr = ...}");
    }
    optimizer->add_group(read_group(call.L, 2, optimizer->defaults));
    return 0;
}

constexpr char adadelta[] = "adadelta", adagrad[] = "adagrad", adam[] = "adam", adamw[] = "adamw",
               adamax[] = "adamax", asgd[] = "asgd", lbfgs[] = "lbfgs", nadam[] = "nadam",
               radam[] = "radam", rmsprop[] = "rmsprop", rprop[] = "rprop", sgd[] = "sgd";

const std::vector<Declaration> optimizer_declarations = {
    {"torch.optim.Adadelta", make<adadelta>,
     "torch.optim.Adadelta(params, {lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0, maximize = "
     "false}) -> Optimizer\n\n"
     "Implements Adadelta. params: a list of leaf Tensors, the result of net:named_parameters(), "
     "or a list of groups {params = {...}, lr = ...} with their own options. maximize: if true, "
     "the optimizer maximises the objective. params and maximize mean the same for all optimizers. "
     "A number as the second argument sets lr."},
    {"torch.optim.Adagrad", make<adagrad>,
     "torch.optim.Adagrad(params, {lr = 0.01, lr_decay = 0, weight_decay = 0, "
     "initial_accumulator_value = 0, eps = 1e-10, maximize = false}) -> Optimizer\n\n"
     "Implements Adagrad. For params, see torch.optim.Adadelta."},
    {"torch.optim.Adam", make<adam>,
     "torch.optim.Adam(params, {lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, "
     "amsgrad = false, maximize = false, decoupled_weight_decay = false}) -> Optimizer\n\n"
     "Implements Adam. For params, see torch.optim.Adadelta. amsgrad: if true, divides by the "
     "largest mean square so far. decoupled_weight_decay: if true, decays the weights as AdamW "
     "does."},
    {"torch.optim.AdamW", make<adamw>,
     "torch.optim.AdamW(params, {lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = "
     "0.01, amsgrad = false, maximize = false}) -> Optimizer\n\n"
     "Implements AdamW, in which the decay acts on the weights and not on the gradients. For "
     "params, see torch.optim.Adadelta."},
    {"torch.optim.Adamax", make<adamax>,
     "torch.optim.Adamax(params, {lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, "
     "maximize = false}) -> Optimizer\n\n"
     "Implements Adamax: Adam with the largest recent gradient instead of the mean square. For "
     "params, see torch.optim.Adadelta."},
    {"torch.optim.ASGD", make<asgd>,
     "torch.optim.ASGD(params, {lr = 0.01, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = "
     "0, maximize = false}) -> Optimizer\n\n"
     "Implements averaged gradient descent, which averages the weights from step t0 on; "
     "state_dict() returns the averages under the name `ax`. For params, see "
     "torch.optim.Adadelta."},
    {"torch.optim.LBFGS", make<lbfgs>,
     "torch.optim.LBFGS(params, {lr = 1, max_iter = 20, max_eval = nil, tolerance_grad = 1e-7, "
     "tolerance_change = 1e-9, history_size = 100, line_search_fn = nil, maximize = false}) -> "
     "Optimizer\n\n"
     "Implements L-BFGS. For params, see torch.optim.Adadelta; there must be a single group. "
     "Each step needs a closure: optimizer:step(function() ... return loss end). max_eval: the "
     "maximum number of evaluations per step (default 5/4 max_iter). line_search_fn: "
     "\"strong_wolfe\" or nil."},
    {"torch.optim.NAdam", make<nadam>,
     "torch.optim.NAdam(params, {lr = 2e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, "
     "momentum_decay = 4e-3, decoupled_weight_decay = false, maximize = false}) -> Optimizer\n\n"
     "Implements Adam with Nesterov's momentum. For params, see torch.optim.Adadelta."},
    {"torch.optim.RAdam", make<radam>,
     "torch.optim.RAdam(params, {lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0, "
     "decoupled_weight_decay = false, maximize = false}) -> Optimizer\n\n"
     "Implements Adam with a rectified rate in the first steps. For params, see "
     "torch.optim.Adadelta."},
    {"torch.optim.RMSprop", make<rmsprop>,
     "torch.optim.RMSprop(params, {lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum "
     "= 0, centered = false, maximize = false}) -> Optimizer\n\n"
     "Implements RMSprop. For params, see torch.optim.Adadelta."},
    {"torch.optim.Rprop", make<rprop>,
     "torch.optim.Rprop(params, {lr = 0.01, etas = {0.5, 1.2}, step_sizes = {1e-6, 50}, maximize = "
     "false}) -> Optimizer\n\n"
     "Implements Rprop. Each weight has its own step size, which depends only on the signs of its "
     "gradients. For params, see torch.optim.Adadelta."},
    {"torch.optim.SGD", make<sgd>,
     "torch.optim.SGD(params, {lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0, nesterov "
     "= false, maximize = false}) -> Optimizer\n\n"
     "Implements stochastic gradient descent, with optional momentum. For params, see "
     "torch.optim.Adadelta."},
    {"Optimizer:step", step_optimizer,
     "optimizer:step(closure = nil) -> value of the closure\n\n"
     "Updates the parameters with their gradients. A parameter without a gradient does not change. "
     "closure: a function that clears the gradients, computes the loss, calls backward and returns "
     "the loss. The closure runs before the step, with gradients enabled. LBFGS requires a closure "
     "and calls it several times."},
    {"Optimizer:zero_grad", zero_grad,
     "optimizer:zero_grad({set_to_none = true})\n\n"
     "Removes the gradients of the parameters. set_to_none: if false, sets them to 0 instead."},
    {"Optimizer:add_param_group", add_param_group,
     "optimizer:add_param_group(group)\n\n"
     "Adds parameters as a new group {params = {...}, lr = ...}. Options that are not in the group "
     "have the values that were set when the optimizer was created. Errors: parameters that the "
     "optimizer already has. An error leaves the optimizer unchanged."},
};

}  // namespace

namespace detail {

void register_optim(lua_State* L) {
    register_type<OptimizerPtr>(L);
    register_type<ParameterGroupView>(L);
    declare(L, optimizer_declarations);
    register_optim_state(L);
    register_schedules(L);
    register_gradients(L);
    register_parameter_groups(L);
}

}  // namespace detail
}  // namespace hfc::lua
