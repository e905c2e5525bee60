// The functions of the host for the prelude (the Lua half of the API): one table, passed to each of
// the prelude's files as `...`.
#include "bindings/hfc/host.h"

#include "base/device.h"
#include "base/file.h"
#include "bindings/hfc/json.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/collector.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/runtime/state.h"
#include "bindings/torch/operators.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"
#include "plot/palette.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace hfc::lua {
namespace {

int end_host(Call& call) {
    throw Exit(static_cast<int>(call.argument(1, "status").integer()),
               call.given(2) ? call.argument(2, "message").text() : "");
}

/// host.must_stop() -> whether an Exit was requested or Ctrl-C was pressed. This is not a declared
/// function, because a declared function would raise an error in this case.
int script_must_stop(lua_State* L) {
    lua_pushboolean(L, must_stop() ? 1 : 0);
    return 1;
}

int collect(Call& call) {
    collect_garbage(call.L);
    return 0;
}

/// host.absolute_path(path) -> string
int absolute_path(Call& call) {
    std::error_code error;
    const auto path = std::filesystem::absolute(call.argument(1, "path").text(), error);
    return call.returns(path.lexically_normal().string());
}

int nearest_name(Call& call) {
    return call.returns(
        nearest(call.argument(1, "name").text(), call.argument(2, "candidates").texts()));
}

/// host.declare(name, documentation, function): documents a function of the prelude.
int declare_prelude(Call& call) {
    const std::string name = call.argument(1, "name").text();
    declare_documentation(name, call.argument(2, "documentation").text());
    lua_pushvalue(call.L, 3);
    remember_function(call.L, name);
    return 1;
}

/// host.documentation(name) -> text or nil; for an operator, its signatures.
int find_documentation(Call& call) {
    const std::string name = call.argument(1, "name").text();
    if (const auto found = documentation().find(name); found != documentation().end()) {
        return call.returns(found->second);
    }
    const auto signatures = operator_signatures(name.starts_with("torch.") ? name.substr(6) : name);
    if (signatures.empty()) {
        lua_pushnil(call.L);
        return 1;
    }
    return call.returns(fmt::format("torch.{}: the PyTorch operator with this name\n\n{}",
                                    name.starts_with("torch.") ? name.substr(6) : name,
                                    fmt::join(signatures, "\n")));
}

/// host.function_name(f) -> the name under which f was declared, or nil.
int function_name(Call& call) {
    lua_getfield(call.L, LUA_REGISTRYINDEX, "hfc.function_names");
    lua_pushvalue(call.L, 1);
    lua_rawget(call.L, -2);
    return 1;
}

/// host.names() -> list of all documented names.
int names(Call& call) {
    std::vector<std::string> all;
    for (const auto& [name, text] : documentation()) {
        all.push_back(name);
    }
    return call.returns(all);
}

/// host.methods(type) -> the table of a type's methods, to which the prelude adds methods.
int methods_of(Call& call) {
    push_methods_of(call.L, call.argument(1, "type").text());
    return 1;
}

/// host.operator(name) -> PyTorch's operator, even if torch.NAME is something else.
int find_operator(Call& call) {
    const std::string name = call.argument(1, "name").text();
    require(push_operator(call.L, name), "there is no operator '{}'", name);
    return 1;
}

/// host.export(name, value): stores the value in registry["hfc.NAME"], for the C++ code.
int export_value(Call& call) {
    const std::string name = "hfc." + call.argument(1, "name").text();
    lua_pushvalue(call.L, 2);
    lua_setfield(call.L, LUA_REGISTRYINDEX, name.c_str());
    return 0;
}

/// host.script_text() -> the text of the script, as the host read it.
int script_text(Call& call) {
    return call.returns(host_info(call.L).text);
}

int plans_sweep(Call& call) {
    return call.returns(!host_info(call.L).plan.empty());
}

/// host.write_plan(plan): writes the plan of a sweep, with the device, to the file of --write-plan.
int write_plan(Call& call) {
    auto plan = to_json(call.L, 1);
    plan["device"] = default_device().str();
    write_file(host_info(call.L).plan, run::to_text(plan), Sync::no);
    return 0;
}

int all_operator_names(Call& call) {
    return call.returns(operator_names());
}

int is_tensor(Call& call) {
    return call.returns(to_tensor(call.L, 1) != nullptr);
}

/// host.palette(name) -> the colours of a palette as numbers 0xRRGGBB, or nil.
int find_palette(Call& call) {
    const std::string name = call.argument(1, "name").text();
    std::vector<uint32_t> colours;
    if (name == "viridis") {
        colours.assign(plot::sequential_colours.begin(), plot::sequential_colours.end());
    } else if (name == "difference") {
        colours.assign(plot::difference_colours.begin(), plot::difference_colours.end());
    } else {
        return 0;
    }
    lua_createtable(call.L, static_cast<int>(colours.size()), 0);
    for (size_t i = 0; i < colours.size(); ++i) {
        lua_pushnumber(call.L, colours[i]);
        lua_rawseti(call.L, -2, static_cast<int>(i) + 1);
    }
    return 1;
}

const Declaration prelude_functions[] = {
    {"export", export_value, ""},
    {"collect_garbage", collect, ""},
    {"operator_names", all_operator_names, ""},
    {"script_text", script_text, ""},
    {"plans_sweep", plans_sweep, ""},
    {"write_plan", write_plan, ""},
    {"palette", find_palette, ""},
    {"is_tensor", is_tensor, ""},
    {"operator", find_operator, ""},
    {"methods", methods_of, ""},
    {"exit", end_host, ""},
    {"nearest", nearest_name, ""},
    {"declare", declare_prelude, ""},
    {"absolute_path", absolute_path, ""},
    {"documentation", find_documentation, ""},
    {"function_name", function_name, ""},
    {"names", names, ""},
};

}  // namespace

void push_host_table(lua_State* L) {
    lua_newtable(L);
    for (const auto& declaration : prelude_functions) {
        push_function(L, declaration);
        lua_setfield(L, -2, declaration.name);
    }
    lua_pushcfunction(L, script_must_stop);
    lua_setfield(L, -2, "must_stop");
    lua_pushcfunction(L, keep_frames_of_coroutine);
    lua_setfield(L, -2, "keep_frames");
    push_apply_function(L);
    lua_setfield(L, -2, "apply_function");
    push_data_pointer(L);
    lua_setfield(L, -2, "data_pointer");
    push_dtype_limits(L);
    lua_setfield(L, -2, "dtype_limits");
    push_backend_switch(L);
    lua_setfield(L, -2, "backend_switch");
}

}  // namespace hfc::lua
