// optimizer:state_dict() and load_state_dict(), in Python's format.
#include "base/counted.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/optim.h"
#include "bindings/torch/state_tree.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <numeric>

namespace hfc::lua {
namespace {

using State = optim::Optimizer::State;

/// Pushes a tensor of a state. `numbers`: pushes a tensor without dimensions as a number, as in
/// Python's LBFGS.
void push_state_value(lua_State* L, const at::Tensor& tensor, bool numbers) {
    numbers&& tensor.dim() == 0 ? push(L, tensor.item<double>()) : push(L, tensor.clone());
}

/// {exp_avg = Tensor, old_dirs = {Tensor, ...}}
void push_state(lua_State* L, const State& state, bool numbers) {
    lua_newtable(L);
    for (const auto& [name, tensor] : state) {
        const size_t dot = name.find('.');
        if (dot == std::string::npos) {
            push_state_value(L, tensor, numbers);
            lua_setfield(L, -2, name.c_str());
            continue;
        }
        const std::string list = name.substr(0, dot);
        lua_getfield(L, -1, list.c_str());
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_newtable(L);
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, list.c_str());
        }
        push_state_value(L, tensor, numbers);
        lua_rawseti(L, -2, std::stoi(name.substr(dot + 1)) + 1);
        lua_pop(L, 1);
    }
}

void push_group(lua_State* L, const optim::ParameterGroup& group, int64_t first) {
    lua_newtable(L);
    set_setting_fields(L, group.options);
    for (const auto& [name, value] : group.scheduled) {
        set_field(L, name.c_str(), value);
    }
    if (!group.names.empty()) {
        set_field(L, "param_names", group.names);
    }
    std::vector<int64_t> positions(group.parameters.size());
    std::iota(positions.begin(), positions.end(), first);
    set_field(L, "params", positions);
}

int optimizer_state(Call& call) {
    lua_State* L = call.L;
    auto& optimizer = *call.argument(1, "optimizer").object<OptimizerPtr>();
    lua_newtable(L);
    lua_newtable(L);
    for (size_t i = 0; i < optimizer.states().size(); ++i) {
        if (!optimizer.states()[i].empty()) {
            push_state(L, optimizer.states()[i], optimizer.needs_closure());
            lua_rawseti(L, -2, static_cast<int>(i));
        }
    }
    lua_setfield(L, -2, "state");
    lua_newtable(L);
    int64_t first = 0;
    for (size_t i = 0; i < optimizer.groups().size(); ++i) {
        const auto& group = optimizer.groups()[i];
        push_group(L, group, first);
        first += static_cast<int64_t>(group.parameters.size());
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
    lua_setfield(L, -2, "param_groups");
    return 1;
}

/// Sets an option to its saved value.
void read_saved_setting(const optim::OptimizerSetting& setting, const StateTree& saved,
                        const std::string& where, optim::OptimizerOptions& options) {
    if (setting.number != nullptr) {
        require(saved.number().has_value(), "{}.{}: expected a number", where, setting.name);
        options.*setting.number = *saved.number();
    } else if (setting.flag != nullptr) {
        require(saved.flag().has_value(), "{}.{}: expected true or false", where, setting.name);
        options.*setting.flag = *saved.flag();
    } else {
        require(saved.text().has_value(), "{}.{}: expected a string", where, setting.name);
        options.*setting.text = *saved.text();
    }
}

void read_saved_pair(const optim::OptimizerSetting& setting, const StateTree& saved,
                     const std::string& where, optim::OptimizerOptions& options) {
    const auto pair = settings_of_pair(options, setting.pair);
    require(saved.fields().size() == 2, "{}.{}: expected a list of two numbers", where,
            setting.pair);
    for (size_t i = 0; i < 2; ++i) {
        read_saved_setting(pair[i], saved.fields()[i].second, where, options);
    }
}

/// The options of a saved group. Options that the saved group lacks stay unchanged.
optim::ParameterGroup read_saved_group(const StateTree& saved, const optim::ParameterGroup& group,
                                       const std::string& where) {
    require(saved.is_table(), "{}: expected a table", where);
    optim::ParameterGroup read;
    read.options = group.options;
    for (const auto& setting : optim::settings_of(group.options.name)) {
        if (const auto* own = saved.find(setting.name)) {
            read_saved_setting(setting, *own, where, read.options);
        } else if (const auto* pair = setting.pair ? saved.find(setting.pair) : nullptr) {
            read_saved_pair(setting, *pair, where, read.options);
        }
    }
    optim::require_valid_later(read.options);
    for (const auto& name : optim::scheduled_names()) {
        if (const auto* value = saved.find(name)) {
            require(value->number().has_value(), "{}.{}: expected a number", where, name);
            read.scheduled[name] = *value->number();
        }
    }
    return read;
}

at::Tensor saved_tensor(const StateTree& value, const std::string& where) {
    if (value.is_tensor()) {
        return value.tensor();
    }
    require(value.number().has_value(), "{}: expected a Tensor or a number", where);
    return at::scalar_tensor(*value.number(), at::kDouble);
}

State read_saved_state(const StateTree& saved, const std::string& where) {
    require(saved.is_table(), "{}: expected a table of named Tensors", where);
    State state;
    for (const auto& [name, value] : saved.fields()) {
        if (name == "al") {
            continue;  // scratch space of Python's LBFGS
        }
        if (!value.is_table()) {
            state[name] = saved_tensor(value, fmt::format("{}.{}", where, name));
            continue;
        }
        for (size_t i = 0; i < value.fields().size(); ++i) {
            const std::string element = fmt::format("{}.{}", name, i);
            state[element] =
                saved_tensor(value.fields()[i].second, fmt::format("{}.{}", where, element));
        }
    }
    return state;
}

/// The numbers under which the states of a group's parameters are saved.
std::vector<std::string> read_saved_positions(const StateTree& group, size_t count,
                                              const std::string& where) {
    const auto* params = group.find("params");
    std::vector<std::string> positions;
    for (size_t i = 0; params != nullptr && i < params->fields().size(); ++i) {
        const auto number = params->fields()[i].second.number();
        require(number.has_value(), "{}.params: expected a list of numbers", where);
        positions.push_back(fmt::format("{}", *number));
    }
    require(positions.size() == count, "{}: expected {}, got {}", where,
            counted(count, "parameter"), positions.size());
    return positions;
}

int load_optimizer_state(Call& call) {
    auto& optimizer = *call.argument(1, "optimizer").object<OptimizerPtr>();
    const auto saved = StateTree::read(call.L, 2);
    const auto* groups = saved.find("param_groups");
    require(groups != nullptr && groups->is_table(),
            "expected a table with the field 'param_groups' and, if the optimizer has taken steps, "
            "the field 'state'");
    const auto* states = saved.find("state");
    require(groups->fields().size() == optimizer.groups().size(), "expected {}, got {}",
            counted(optimizer.groups().size(), "group"), groups->fields().size());
    // Everything is read before anything is changed.
    std::vector<optim::ParameterGroup> read_groups;
    std::vector<State> read_states;
    for (size_t i = 0; i < optimizer.groups().size(); ++i) {
        const auto& group = optimizer.groups()[i];
        const auto& saved_group = groups->fields()[i].second;
        const std::string where = fmt::format("param_groups[{}]", i + 1);
        read_groups.push_back(read_saved_group(saved_group, group, where));
        for (const auto& position :
             read_saved_positions(saved_group, group.parameters.size(), where)) {
            const auto* state = states == nullptr ? nullptr : states->find(position);
            read_states.push_back(
                state == nullptr
                    ? State()
                    : optimizer.fitted(read_saved_state(*state, fmt::format("state[{}]", position)),
                                       read_states.size()));
        }
    }
    for (size_t i = 0; i < read_groups.size(); ++i) {
        optimizer.groups()[i].options = read_groups[i].options;
        optimizer.groups()[i].scheduled = read_groups[i].scheduled;
    }
    optimizer.states() = std::move(read_states);
    lua_settop(call.L, 1);
    return 1;
}

const std::vector<Declaration> state_declarations = {
    {"Optimizer:state_dict", optimizer_state,
     "optimizer:state_dict() -> table\n\n"
     "Returns copies of the optimizer's state and options, in the same format as in Python: {state "
     "= {[i] = {...}}, param_groups = {{lr = ..., betas = {...}, params = {0, ...}}}}, where "
     "parameters are numbered from 0. You can read and change the options of a group, such as "
     "optimizer.param_groups[1].lr. betas is a copy: to change it, replace the whole list."},
    {"Optimizer:load_state_dict", load_optimizer_state,
     "optimizer:load_state_dict(state) -> optimizer\n\n"
     "Continues from the state of another optimizer, including its learning rates. state: the "
     "result of state_dict(), or the result of torch.load for a file that was written in Python "
     "with torch.save(optimizer.state_dict(), path). Options that are not in the state keep their "
     "values. Errors: a different number of groups or parameters, a tensor with a different shape. "
     "An error leaves the optimizer unchanged."},
};

}  // namespace

namespace detail {

void register_optim_state(lua_State* L) {
    declare(L, state_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
