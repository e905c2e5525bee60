// optimizer.param_groups, and optimizers as text.
#include "base/counted.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/optim.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::lua {
namespace {

using optim::OptimizerOptions;
using optim::OptimizerSetting;

void push_setting(lua_State* L, const OptimizerSetting& setting, const OptimizerOptions& options) {
    if (setting.number != nullptr) {
        push(L, options.*setting.number);
    } else if (setting.flag != nullptr) {
        push(L, options.*setting.flag);
    } else if ((options.*setting.text).empty()) {
        lua_pushnil(L);
    } else {
        push(L, options.*setting.text);
    }
}

void push_pair(lua_State* L, const std::vector<OptimizerSetting>& pair,
               const OptimizerOptions& options) {
    push(L, std::vector<double>{options.*pair[0].number, options.*pair[1].number});
}

optim::ParameterGroup& group_of(lua_State* L) {
    const auto& view = Value(L, 1, "group").object<ParameterGroupView>();
    return view.optimizer->groups()[view.position];
}

const OptimizerSetting* find_setting(const OptimizerOptions& options, const std::string& name) {
    for (const auto& setting : optim::settings_of(options.name)) {
        if (name == setting.name) {
            return &setting;
        }
    }
    return nullptr;
}

[[noreturn]] void fail_unknown(const OptimizerOptions& options, const std::string& name) {
    std::vector<std::string> known = {"params", "param_names"};
    for (const auto& setting : optim::settings_of(options.name)) {
        known.emplace_back(setting.pair != nullptr ? setting.pair : setting.name);
    }
    fail("the optimizer {} has no option '{}'{}", options.name, name, did_you_mean(name, known));
}

int get_setting(lua_State* L) {
    return guarded(L, "param_groups", [&] {
        const auto& group = group_of(L);
        const std::string name = Value(L, 2, "setting").text();
        const auto pair = settings_of_pair(group.options, name);
        if (name == "params") {
            push(L, group.parameters);
        } else if (name == "param_names") {
            group.names.empty() ? lua_pushnil(L) : push(L, group.names);
        } else if (!pair.empty()) {
            push_pair(L, pair, group.options);
        } else if (const auto* setting = find_setting(group.options, name); setting != nullptr) {
            push_setting(L, *setting, group.options);
        } else if (std::ranges::find(optim::scheduled_names(), name) !=
                   optim::scheduled_names().end()) {
            const auto found = group.scheduled.find(name);
            found == group.scheduled.end() ? lua_pushnil(L) : push(L, found->second);
        } else {
            fail_unknown(group.options, name);
        }
        return 1;
    });
}

void change_setting(OptimizerOptions& options, const OptimizerSetting& setting,
                    const Value& value) {
    if (setting.number != nullptr) {
        options.*setting.number = value.number();
    } else if (setting.flag != nullptr) {
        options.*setting.flag = value.boolean();
    } else {
        options.*setting.text = value.given() ? value.text() : "";
    }
}

int set_setting(lua_State* L) {
    return guarded(L, "param_groups", [&] {
        auto& group = group_of(L);
        const std::string name = Value(L, 2, "setting").text();
        const Value value(L, 3, name);
        if (std::ranges::find(optim::scheduled_names(), name) != optim::scheduled_names().end()) {
            group.scheduled[name] = value.number();
            return 0;
        }
        require(name != "params",
                "'params' cannot be changed; to add parameters, call optimizer:add_param_group");
        auto changed = group.options;
        const auto pair = settings_of_pair(changed, name);
        if (!pair.empty()) {
            const auto numbers = value.numbers();
            if (numbers.size() != 2) {
                value.expected("a list of two numbers");
            }
            changed.*pair[0].number = numbers[0];
            changed.*pair[1].number = numbers[1];
        } else if (const auto* setting = find_setting(changed, name); setting != nullptr) {
            change_setting(changed, *setting, value);
        } else {
            fail_unknown(changed, name);
        }
        optim::require_valid_later(changed);
        group.options = changed;
        return 0;
    });
}

/// "lr = 0.1, betas = {0.9, 0.999}".
std::string settings_text(const optim::ParameterGroup& group) {
    std::vector<std::string> parts;
    std::string last;
    for (const auto& setting : optim::settings_of(group.options.name)) {
        const auto& options = group.options;
        if (setting.pair != nullptr && last == setting.pair) {
            continue;
        }
        if (setting.pair != nullptr) {
            last = setting.pair;
            const auto pair = settings_of_pair(options, last);
            parts.push_back(fmt::format("{} = {{{:.6g}, {:.6g}}}", last, options.*pair[0].number,
                                        options.*pair[1].number));
        } else if (setting.number != nullptr) {
            parts.push_back(fmt::format("{} = {:.6g}", setting.name, options.*setting.number));
        } else if (setting.flag != nullptr) {
            parts.push_back(fmt::format("{} = {}", setting.name, options.*setting.flag));
        } else if (!(options.*setting.text).empty()) {
            parts.push_back(fmt::format("{} = \"{}\"", setting.name, options.*setting.text));
        }
    }
    for (const auto& [name, value] : group.scheduled) {
        parts.push_back(fmt::format("{} = {:.6g}", name, value));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string group_text(const optim::ParameterGroup& group, size_t position) {
    int64_t numbers = 0;
    for (const auto& parameter : group.parameters) {
        numbers += parameter.numel();
    }
    return fmt::format("param_groups[{}]: {} ({}), {}", position,
                       counted(group.parameters.size(), "parameter"), counted(numbers, "element"),
                       settings_text(group));
}

int optimizer_text(lua_State* L) {
    return guarded(L, "Optimizer", [&] {
        const auto optimizer = Value(L, 1, "optimizer").object<OptimizerPtr>();
        std::string text = class_name(optimizer->defaults) + " (";
        for (size_t i = 0; i < optimizer->groups().size(); ++i) {
            text += "\n  " + group_text(optimizer->groups()[i], i + 1);
        }
        push(L, text + "\n)");
        return 1;
    });
}

int group_as_text(lua_State* L) {
    return guarded(L, "param_groups", [&] {
        const auto& view = Value(L, 1, "group").object<ParameterGroupView>();
        push(L, group_text(view.optimizer->groups()[view.position], view.position + 1));
        return 1;
    });
}

/// The fields of an optimizer that are not methods. Options such as lr are fields of a parameter
/// group, so here they raise an error, like unknown names.
int get_optimizer_field(lua_State* L) {
    if (push_method(L)) {
        return 1;
    }
    return guarded(L, "Optimizer", [&] {
        const auto optimizer = Value(L, 1, "optimizer").object<OptimizerPtr>();
        const std::string key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : describe(L, 2);
        lua_newtable(L);
        if (key == "param_groups") {
            for (size_t i = 0; i < optimizer->groups().size(); ++i) {
                push_object(L, ParameterGroupView{optimizer, i});
                lua_rawseti(L, -2, static_cast<int>(i) + 1);
            }
            return 1;
        }
        if (key == "defaults") {
            set_setting_fields(L, optimizer->defaults);
            return 1;
        }
        const bool setting = find_setting(optimizer->defaults, key) != nullptr ||
                             !settings_of_pair(optimizer->defaults, key).empty();
        require(!setting, "an optimizer has no field '{}': write optimizer.param_groups[1].{}", key,
                key);
        fail("an optimizer has no field '{}'{}", key,
             did_you_mean(key, {"param_groups", "defaults", "step", "zero_grad", "state_dict",
                                "load_state_dict", "add_param_group"}));
    });
}

int refuse_optimizer_field(lua_State* L) {
    return guarded(L, "Optimizer", [&]() -> int {
        const std::string key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : describe(L, 2);
        fail(
            "the field '{}' of an optimizer cannot be set; set options in its groups, as in "
            "optimizer.param_groups[1].lr = 0.1",
            key);
    });
}

void set_metafunction(lua_State* L, const char* type, const char* name, lua_CFunction function) {
    push_metatable_of(L, type);
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

}  // namespace

void set_setting_fields(lua_State* L, const OptimizerOptions& options) {
    for (const auto& setting : optim::settings_of(options.name)) {
        if (setting.pair != nullptr) {
            push_pair(L, settings_of_pair(options, setting.pair), options);
            lua_setfield(L, -2, setting.pair);
        } else {
            push_setting(L, setting, options);
            lua_setfield(L, -2, setting.name);
        }
    }
}

namespace detail {

void register_parameter_groups(lua_State* L) {
    set_metafunction(L, "ParameterGroup", "__index", get_setting);
    set_metafunction(L, "ParameterGroup", "__newindex", set_setting);
    set_metafunction(L, "ParameterGroup", "__tostring", group_as_text);
    set_metafunction(L, "Optimizer", "__tostring", optimizer_text);
    set_metafunction(L, "Optimizer", "__newindex", refuse_optimizer_field);
    set_field_access(L, "Optimizer", get_optimizer_field);
}

}  // namespace detail
}  // namespace hfc::lua
