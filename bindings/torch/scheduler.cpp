#include "bindings/torch/scheduler.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/state_tree.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

optim::Schedule& self_schedule(Call& call) {
    return *call.argument(1, "scheduler").object<Scheduler>().schedule;
}

/// A number, or a Tensor with one element, such as a loss.
double read_number(Call& call, int position, const char* name) {
    if (const at::Tensor* tensor = to_tensor(call.L, position);
        tensor != nullptr && tensor->numel() == 1) {
        return tensor->item<double>();
    }
    return call.argument(position, name).number();
}

int step_scheduler(Call& call) {
    // Keeps the schedule alive: a script's function may release the scheduler during the call.
    const auto schedule = call.argument(1, "scheduler").object<Scheduler>().schedule;
    call.at_most(2);
    if (schedule->needs_metric() && call.given(2)) {
        schedule->step_by(read_number(call, 2, "metric"));
    } else if (call.given(2)) {
        schedule->step_to(read_number(call, 2, "epoch"));
    } else {
        schedule->step();
    }
    return 0;
}

int get_last_lr(Call& call) {
    return call.returns(self_schedule(call).last_rates());
}

int scheduler_state(Call& call) {
    push_json(call.L, self_schedule(call).state());
    return 1;
}

int load_scheduler_state(Call& call) {
    const auto saved = StateTree::read(call.L, 2).to_json();
    require(saved.is_object() || saved.empty(),
            "expected a table as returned by state_dict(), got a list");
    self_schedule(call).load(saved.empty() ? nlohmann::ordered_json::object() : saved);
    lua_settop(call.L, 1);
    return 1;
}

std::vector<std::string> field_names_of(const nlohmann::ordered_json& state) {
    std::vector<std::string> names = {"optimizer", "step", "get_last_lr", "state_dict",
                                      "load_state_dict"};
    for (const auto& [name, value] : state.items()) {
        names.push_back(name);
    }
    return names;
}

/// Fields that are not methods: the values of state_dict(), as in Python.
int get_scheduler_field(lua_State* L) {
    if (push_method(L)) {
        return 1;
    }
    return guarded(L, "LRScheduler", [&] {
        const auto& scheduler = Value(L, 1, "scheduler").object<Scheduler>();
        const std::string key = Value(L, 2, "field").text();
        if (key == "optimizer") {
            push_object(L, scheduler.optimizer);
            return 1;
        }
        const auto state = scheduler.schedule->state();
        require(state.contains(key), "{} has no field '{}'{}", scheduler.schedule->name(), key,
                did_you_mean(key, field_names_of(state)));
        push_json(L, state.at(key));
        return 1;
    });
}

int set_scheduler_field(lua_State* L) {
    return guarded(L, "LRScheduler", [&] {
        auto& schedule = *Value(L, 1, "scheduler").object<Scheduler>().schedule;
        const std::string key = Value(L, 2, "field").text();
        const auto state = schedule.state();
        require(state.contains(key), "{} has no field '{}'{}", schedule.name(), key,
                did_you_mean(key, field_names_of(state)));
        lua_createtable(L, 0, 1);
        lua_pushvalue(L, 3);
        lua_setfield(L, -2, key.c_str());
        schedule.load(StateTree::read(L, lua_gettop(L)).to_json());
        return 0;
    });
}

/// A value in Lua's notation; numbers have six digits.
std::string text_of(const nlohmann::ordered_json& value) {
    if (value.is_number()) {
        return fmt::format("{:.6g}", value.get<double>());
    }
    if (!value.is_structured()) {
        return value.dump();
    }
    std::vector<std::string> parts;
    for (const auto& [name, field] : value.items()) {
        parts.push_back(value.is_array() ? text_of(field)
                                         : fmt::format("[{}] = {}", name, text_of(field)));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

/// StepLR (step_size = 30, gamma = 0.1, last_epoch = 3, lr = {0.1})
int scheduler_text(lua_State* L) {
    return guarded(L, "LRScheduler", [&] {
        auto& schedule = *Value(L, 1, "scheduler").object<Scheduler>().schedule;
        const auto state = schedule.state();
        std::vector<std::string> parts;
        for (const auto& [name, value] : state.items()) {
            const bool own = !name.starts_with("_") && name != "base_lrs" && name != "lr_lambdas" &&
                             name != "last_epoch";
            if (own || name == "_milestones") {
                parts.push_back(fmt::format("{} = {}", name.substr(own ? 0 : 1), text_of(value)));
            }
        }
        if (state.contains("last_epoch")) {
            parts.push_back(fmt::format("last_epoch = {}", text_of(state.at("last_epoch"))));
        }
        parts.push_back(fmt::format("lr = {}", text_of(schedule.last_rates())));
        push(L, fmt::format("{} ({})", schedule.name(), fmt::join(parts, ", ")));
        return 1;
    });
}

const std::vector<Declaration> scheduler_declarations = {
    {"LRScheduler:step", step_scheduler,
     "scheduler:step(epoch or metric = nil)\n\n"
     "Advances the schedule by one step; call it after the optimizer's step. For "
     "ReduceLROnPlateau, pass the metric that it monitors, as a number or a Tensor with one "
     "element. epoch: if given, the schedule jumps to this epoch."},
    {"LRScheduler:get_last_lr", get_last_lr,
     "scheduler:get_last_lr() -> list of numbers\n\n"
     "Returns the learning rate that the last step set for each group."},
    {"LRScheduler:state_dict", scheduler_state,
     "scheduler:state_dict() -> table\n\n"
     "Returns the position and the options of the scheduler, in the same format as in Python. Each "
     "value is also a field: you can read and set scheduler.last_epoch."},
    {"LRScheduler:load_state_dict", load_scheduler_state,
     "scheduler:load_state_dict(state) -> scheduler\n\n"
     "Continues from the state of another scheduler; the state may come from Python. The learning "
     "rates of the groups are part of the optimizer's state, so load that state, too. Functions "
     "such as lr_lambda are not part of a scheduler's state. Errors: a value of the wrong type. An "
     "error leaves the scheduler unchanged."},
};

}  // namespace

void register_scheduler_type(lua_State* L) {
    register_type<Scheduler>(L);
    declare(L, scheduler_declarations);
    push_metatable_of(L, "LRScheduler");
    lua_pushcfunction(L, scheduler_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, set_scheduler_field);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
    set_field_access(L, "LRScheduler", get_scheduler_field);
}

}  // namespace hfc::lua
