// torch.optim: the core's optimizers with parameter groups and state.
#include "bindings/torch/optim.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <numeric>

namespace hfc::lua {

using OptimizerPtr = std::shared_ptr<train::Optimizer>;

/// A view of one group, under the name it has in PyTorch: optimizer.param_groups[1].lr = 0.1.
struct ParameterGroupView {
    OptimizerPtr optimizer;
    size_t position;
};

template <>
inline constexpr const char* type_name<OptimizerPtr> = "Optimizer";
template <>
inline constexpr const char* type_name<ParameterGroupView> = "ParameterGroup";

namespace {

void read_setting(Options& options, const train::OptimizerSetting& setting,
                  train::OptimizerOptions& optimizer) {
    if (setting.number != nullptr) {
        optimizer.*setting.number = options.number(setting.name, optimizer.*setting.number);
    } else {
        optimizer.*setting.flag = options.boolean(setting.name, optimizer.*setting.flag);
    }
}

void push_setting(lua_State* L, const train::OptimizerSetting& setting,
                  const train::OptimizerOptions& optimizer) {
    setting.number != nullptr ? push(L, optimizer.*setting.number)
                              : push(L, optimizer.*setting.flag);
}

/// betas = {0.9, 0.999}: PyTorch's two in one.
void read_betas(Options& options, train::OptimizerOptions& optimizer) {
    options.with("betas", [&](const Value& value) {
        const auto betas = value.numbers();
        if (betas.size() != 2) {
            value.expected("a list of two numbers");
        }
        optimizer.beta1 = betas[0];
        optimizer.beta2 = betas[1];
    });
}

}  // namespace

void read_optimizer_options(Options& options, train::OptimizerOptions& optimizer) {
    for (const auto& setting : train::settings_of(optimizer.name)) {
        const std::string name = setting.name;
        if (name == "beta1") {
            read_betas(options, optimizer);
        } else if (name != "beta2") {
            read_setting(options, setting, optimizer);
        }
    }
}

namespace {

OptimizerPtr self_optimizer(Call& call) {
    return call.argument(1, "optimizer").object<OptimizerPtr>();
}

std::vector<at::Tensor> read_parameters(lua_State* L, const Value& value) {
    const auto parameters = read_tensors(L, value, "parameter");
    for (size_t i = 0; i < parameters.size(); ++i) {
        require(parameters[i].is_leaf(),
                "parameter {}: an optimizer takes leaf tensors; this one was computed from others",
                i + 1);
        require(parameters[i].is_floating_point(),
                "parameter {}: expected a floating-point Tensor, got {}", i + 1,
                describe_tensor(parameters[i]));
    }
    return parameters;
}

/// A list of Tensors, or of groups {params = {...}, lr = ...}.
std::vector<train::ParameterGroup> read_groups(lua_State* L, int index,
                                               const train::OptimizerOptions& defaults) {
    lua_rawgeti(L, index, 1);
    const bool grouped = lua_istable(L, -1);
    lua_pop(L, 1);
    if (!grouped) {
        return {{read_parameters(L, Value(L, index, "argument 1 (params)")), defaults}};
    }
    std::vector<train::ParameterGroup> groups;
    const size_t length = lua_objlen(L, index);
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        const int table = lua_gettop(L);
        require(lua_istable(L, table),
                "group {}: expected a table {{params = ..., lr = ...}}, got {}", i,
                describe(L, table));
        Options options(L, table);
        train::ParameterGroup group = {{}, defaults};
        options.with("params",
                     [&](const Value& value) { group.parameters = read_parameters(L, value); });
        read_optimizer_options(options, group.options);
        options.finish();
        groups.push_back(std::move(group));
        lua_pop(L, 1);
    }
    return groups;
}

template <const char* name>
int make(Call& call) {
    call.at_most(2);
    if (!lua_istable(call.L, 1)) {
        call.argument(1, "params").expected("a list of Tensors or of groups");
    }
    auto settings = train::default_options(name);
    auto options = call.options(2);
    read_optimizer_options(options, settings);
    options.finish();
    return call.returns_object(
        OptimizerPtr(train::make_optimizer(read_groups(call.L, 1, settings))));
}

int step(Call& call) {
    self_optimizer(call)->step();
    return 0;
}

int zero_grad(Call& call) {
    self_optimizer(call)->zero_grad();
    return 0;
}

void push_settings(lua_State* L, const train::OptimizerOptions& options) {
    for (const auto& setting : train::settings_of(options.name)) {
        push_setting(L, setting, options);
        lua_setfield(L, -2, setting.name);
    }
}

/// {state = {[i] = {exp_avg = ...}}, param_groups = {{lr = ..., params = {0, 1}}}}: PyTorch's form,
/// parameters counted from 0.
int state_dict(Call& call) {
    lua_State* L = call.L;
    const auto self = self_optimizer(call);
    auto& optimizer = *self;
    lua_newtable(L);
    lua_newtable(L);
    for (size_t i = 0; i < optimizer.states().size(); ++i) {
        if (optimizer.states()[i].empty()) {
            continue;
        }
        lua_newtable(L);
        for (const auto& [name, tensor] : optimizer.states()[i]) {
            push(L, tensor.clone());
            lua_setfield(L, -2, name.c_str());
        }
        lua_rawseti(L, -2, static_cast<int>(i));
    }
    lua_setfield(L, -2, "state");
    lua_newtable(L);
    int64_t first = 0;
    for (size_t i = 0; i < optimizer.groups().size(); ++i) {
        const auto& group = optimizer.groups()[i];
        lua_newtable(L);
        push_settings(L, group.options);
        std::vector<int64_t> positions(group.parameters.size());
        std::iota(positions.begin(), positions.end(), first);
        first += static_cast<int64_t>(positions.size());
        push(L, positions);
        lua_setfield(L, -2, "params");
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(L, -2, "param_groups");
    return 1;
}

/// Reads the settings of the group table at `index`; the parameters' number must be the group's.
train::OptimizerOptions read_group_state(lua_State* L, int index,
                                         const train::ParameterGroup& group, size_t position) {
    Options options(L, index);
    auto settings = group.options;
    for (const auto& setting : train::settings_of(settings.name)) {
        read_setting(options, setting, settings);
    }
    read_betas(options, settings);
    train::require_valid_later(settings);
    size_t count = 0;
    options.with("params", [&](const Value& value) { count = value.numbers().size(); });
    require(count == group.parameters.size(), "param_groups[{}]: expected {} parameters, got {}",
            position, group.parameters.size(), count);
    return settings;
}

train::Optimizer::State read_state(lua_State* L, int index, const at::Tensor& parameter,
                                   size_t position) {
    train::Optimizer::State state;
    require(lua_istable(L, index), "state[{}]: expected a table, got {}", position,
            describe(L, index));
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const at::Tensor* tensor = to_tensor(L, -1);
        require(lua_type(L, -2) == LUA_TSTRING && tensor != nullptr,
                "state[{}]: expected named Tensors, got {} = {}", position, describe(L, -2),
                describe(L, -1));
        const bool is_step = std::string_view(lua_tostring(L, -2)) == "step";
        const bool fits = is_step ? tensor->dim() == 0 : tensor->sizes() == parameter.sizes();
        require(fits, "state[{}].{}: expected shape [{}], got [{}]", position, lua_tostring(L, -2),
                fmt::join(parameter.sizes(), ", "), fmt::join(tensor->sizes(), ", "));
        auto own = is_step ? tensor->clone()
                           : at::empty_like(parameter, parameter.options().requires_grad(false))
                                 .copy_(*tensor);
        state[lua_tostring(L, -2)] = own;
        lua_pop(L, 1);
    }
    return state;
}

int load_state_dict(Call& call) {
    lua_State* L = call.L;
    const auto self = self_optimizer(call);
    auto& optimizer = *self;
    require(lua_istable(L, 2), "expected a table as state_dict() gives it, got {}", describe(L, 2));
    lua_getfield(L, 2, "param_groups");
    lua_getfield(L, 2, "state");
    const int groups = lua_gettop(L) - 1;
    const int states = groups + 1;
    require(lua_istable(L, groups) && lua_istable(L, states),
            "the table must have the fields param_groups and state");
    require(lua_objlen(L, groups) == optimizer.groups().size(), "expected {} groups, got {}",
            optimizer.groups().size(), lua_objlen(L, groups));
    // Everything is read before anything is changed.
    std::vector<train::OptimizerOptions> settings;
    std::vector<train::Optimizer::State> read;
    for (size_t i = 0; i < optimizer.groups().size(); ++i) {
        const auto& group = optimizer.groups()[i];
        lua_rawgeti(L, groups, static_cast<int>(i) + 1);
        require(lua_istable(L, -1), "param_groups[{}]: expected a table, got {}", i + 1,
                describe(L, -1));
        settings.push_back(read_group_state(L, lua_gettop(L), group, i + 1));
        lua_pop(L, 1);
        for (const auto& parameter : group.parameters) {
            const size_t position = read.size();
            lua_rawgeti(L, states, static_cast<int>(position));
            read.push_back(lua_isnil(L, -1) ? train::Optimizer::State()
                                            : read_state(L, lua_gettop(L), parameter, position));
            lua_pop(L, 1);
        }
    }
    for (size_t i = 0; i < settings.size(); ++i) {
        optimizer.groups()[i].options = settings[i];
    }
    optimizer.states() = std::move(read);
    lua_settop(L, 1);
    return 1;
}

/// The setting of a group under a name, or nullptr.
const train::OptimizerSetting* find_setting(const train::OptimizerOptions& options,
                                            const std::string& name) {
    for (const auto& setting : train::settings_of(options.name)) {
        if (name == setting.name) {
            return &setting;
        }
    }
    return nullptr;
}

train::ParameterGroup& group_of(lua_State* L) {
    const auto& view = Value(L, 1, "group").object<ParameterGroupView>();
    return view.optimizer->groups()[view.position];
}

int get_setting(lua_State* L) {
    return guarded(L, "param_groups", [&] {
        const auto& group = group_of(L);
        const std::string name = Value(L, 2, "setting").text();
        if (name == "params") {
            push(L, group.parameters);
            return 1;
        }
        const auto* setting = find_setting(group.options, name);
        require(setting != nullptr, "optimizer {} has no {}", group.options.name, name);
        push_setting(L, *setting, group.options);
        return 1;
    });
}

int set_setting(lua_State* L) {
    return guarded(L, "param_groups", [&] {
        auto& group = group_of(L);
        const std::string name = Value(L, 2, "setting").text();
        const auto* setting = find_setting(group.options, name);
        require(setting != nullptr, "optimizer {} has no {}", group.options.name, name);
        if (setting->flag != nullptr) {
            group.options.*setting->flag = Value(L, 3, name).boolean();
            return 0;
        }
        auto changed = group.options;
        changed.*setting->number = Value(L, 3, name).number();
        train::require_valid_later(changed);
        group.options = changed;
        return 0;
    });
}

int get_field(lua_State* L) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) {
        return 1;
    }
    return guarded(L, "Optimizer", [&] {
        const auto optimizer = Value(L, 1, "optimizer").object<OptimizerPtr>();
        const std::string key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : describe(L, 2);
        if (key == "param_groups") {
            lua_newtable(L);
            for (size_t i = 0; i < optimizer->groups().size(); ++i) {
                push_object(L, ParameterGroupView{optimizer, i});
                lua_rawseti(L, -2, static_cast<int>(i) + 1);
            }
            return 1;
        }
        lua_pushnil(L);
        return 1;
    });
}

constexpr char adadelta[] = "adadelta", adagrad[] = "adagrad", adam[] = "adam", adamw[] = "adamw",
               rmsprop[] = "rmsprop", sgd[] = "sgd";

const std::vector<Declaration> optimizer_declarations = {
    {"torch.optim.Adadelta", make<adadelta>,
     "torch.optim.Adadelta(params, {lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0}) -> "
     "Optimizer\n\nparams: a list of leaf Tensors, or of "
     "groups {params = {...}, lr = ...} with settings of their own; the same for all optimizers."},
    {"torch.optim.Adagrad", make<adagrad>,
     "torch.optim.Adagrad(params, {lr = 0.01, lr_decay = 0, weight_decay = 0, "
     "initial_accumulator_value = 0, eps = 1e-10}) -> "
     "Optimizer\n\nparams as for torch.optim.Adadelta."},
    {"torch.optim.Adam", make<adam>,
     "torch.optim.Adam(params, {lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = 0}) -> "
     "Optimizer\n\nparams as for torch.optim.Adadelta."},
    {"torch.optim.AdamW", make<adamw>,
     "torch.optim.AdamW(params, {lr = 1e-3, betas = {0.9, 0.999}, eps = 1e-8, weight_decay = "
     "0.01}) -> Optimizer\n\nparams as for torch.optim.Adadelta; the decay acts on the weights, "
     "not on the gradients."},
    {"torch.optim.RMSprop", make<rmsprop>,
     "torch.optim.RMSprop(params, {lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum "
     "= 0, centered = false}) -> "
     "Optimizer\n\nparams as for torch.optim.Adadelta."},
    {"torch.optim.SGD", make<sgd>,
     "torch.optim.SGD(params, {lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0, nesterov "
     "= false}) -> Optimizer\n\nparams as for torch.optim.Adadelta."},
    {"Optimizer:step", step, "optimizer:step()\n\nUpdates the parameters that have a gradient."},
    {"Optimizer:zero_grad", zero_grad,
     "optimizer:zero_grad()\n\nDrops the gradients of the parameters."},
    {"Optimizer:state_dict", state_dict,
     "optimizer:state_dict() -> table\n\nCopies of what the optimizer remembers and its settings: "
     "{state = {[i] = {...}}, param_groups = {{lr = ..., params = {0, ...}}}}, parameters counted "
     "from 0. Read and change the settings of a group as optimizer.param_groups[1].lr."},
    {"Optimizer:load_state_dict", load_state_dict,
     "optimizer:load_state_dict(state) -> optimizer\n\nContinues where the optimizer of "
     "state_dict() stood, learning rates included. Errors: another number of groups or parameters, "
     "a tensor of another shape; nothing is changed then."},
};

}  // namespace

namespace detail {

void register_optim(lua_State* L) {
    register_type<OptimizerPtr>(L);
    register_type<ParameterGroupView>(L);
    declare(L, optimizer_declarations);
    push_metatable_of(L, "ParameterGroup");
    lua_pushcfunction(L, get_setting);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, set_setting);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    push_metatable_of(L, "Optimizer");
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    lua_pushcclosure(L, get_field, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

}  // namespace detail
}  // namespace hfc::lua
