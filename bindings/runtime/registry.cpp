#include "bindings/runtime/registry.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "bindings/runtime/debug.h"
#include "bindings/runtime/error.h"
#include "bindings/runtime/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string_view>

namespace hfc::lua {
namespace {

/// Registry key of the table function -> name.
char names_key;

int trampoline(lua_State* L) {
    const auto& declaration =
        *static_cast<const Declaration*>(lua_touserdata(L, lua_upvalueindex(1)));
    return guarded(L, declaration.name, [&] {
        const RunningScope scope(L);
        check_stop();
        Call call(L, declaration.name);
        return declaration.function(call);
    });
}

/// Pushes the table that a dotted prefix names, creating missing tables: "hfc.frequency" ->
/// _G.hfc.frequency.
void push_table_of(lua_State* L, const std::string& prefix) {
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    size_t begin = 0;
    while (begin < prefix.size()) {
        const size_t end = std::min(prefix.find('.', begin), prefix.size());
        const std::string part = prefix.substr(begin, end - begin);
        lua_getfield(L, -1, part.c_str());
        if (!lua_istable(L, -1)) {
            lua_pop(L, 1);
            lua_newtable(L);
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, part.c_str());
        }
        lua_remove(L, -2);
        begin = end + 1;
    }
}

/// Pushes the error value of a callback. LuaJIT's own error for a yield does not name the function,
/// so a message with the function's name replaces it.
void push_error_of_callback(lua_State* L, const LuaError& error, const char* name) {
    error.push(L);
    constexpr std::string_view yield = "attempt to yield across C-call boundary";
    if (lua_type(L, -1) == LUA_TSTRING && std::string_view(lua_tostring(L, -1)).ends_with(yield)) {
        lua_pop(L, 1);
        lua_pushstring(L,
                       fmt::format("{}cannot yield inside {}", script_position(L), name).c_str());
    }
}

}  // namespace

Documentation& documentation() {
    static Documentation all;
    return all;
}

void declare_documentation(const std::string& name, const std::string& text) {
    documentation()[name] = text;
}

void remember_function(lua_State* L, const std::string& name) {
    lua_pushlightuserdata(L, &names_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushlightuserdata(L, &names_key);
        lua_pushvalue(L, -2);
        lua_rawset(L, LUA_REGISTRYINDEX);
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, "hfc.function_names");
    }
    lua_pushvalue(L, -2);
    lua_pushstring(L, name.c_str());
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void push_function(lua_State* L, const Declaration& declaration) {
    lua_pushlightuserdata(L, const_cast<Declaration*>(&declaration));
    lua_pushcclosure(L, trampoline, 1);
}

void declare(lua_State* L, const std::vector<Declaration>& declarations) {
    for (const auto& declaration : declarations) {
        const std::string name = declaration.name;
        if (const auto colon = name.find(':'); colon != std::string::npos) {
            push_methods_of(L, name.substr(0, colon));
            push_function(L, declaration);
            remember_function(L, name);
            lua_setfield(L, -2, name.c_str() + colon + 1);
        } else {
            const auto dot = name.rfind('.');
            push_table_of(L, dot == std::string::npos ? "" : name.substr(0, dot));
            push_function(L, declaration);
            remember_function(L, name);
            lua_setfield(L, -2, name.c_str() + (dot == std::string::npos ? 0 : dot + 1));
        }
        lua_pop(L, 1);
        declare_documentation(name, declaration.documentation);
    }
}

namespace detail {

void push_current_exception(lua_State* L, const char* name) {
    try {
        throw;
    } catch (const LuaError& error) {
        push_error_of_callback(L, error, name);
    } catch (const Exit& exit) {
        remember_exit(exit);
        push(L, exit);
    } catch (const Interrupted&) {
        lua_pushstring(L, (script_position(L) + "interrupted").c_str());
    } catch (const std::bad_alloc&) {
        lua_pushstring(L, (script_position(L) + name + ": out of memory").c_str());
    } catch (const std::exception& error) {
        std::string text = short_message(error);
        if (const std::string origin = debugging(L) ? origin_of(error) : ""; !origin.empty()) {
            text += "\n  raised in C++: " + origin;
        }
        // Some messages from the core already start with the function's name in the API.
        const std::string prefix = std::string(name) + ": ";
        lua_pushstring(
            L, (script_position(L) + (text.starts_with(prefix) ? "" : prefix) + text).c_str());
    }
}

}  // namespace detail
}  // namespace hfc::lua
