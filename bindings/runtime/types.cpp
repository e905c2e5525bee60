#include "bindings/runtime/types.h"

#include "bindings/runtime/error.h"

#include <fmt/format.h>

#include <stdexcept>

namespace hfc::lua {

template <>
inline constexpr const char* type_name<Exit> = "Exit";

namespace {
constexpr const char* types_table = "hfc.types";
}

namespace detail {

void make_metatable(lua_State* L, const char* name, void* key, lua_CFunction collect) {
    lua_newtable(L);
    lua_newtable(L);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    // getmetatable() returns this name, so that a script cannot remove __gc.
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushcfunction(L, collect);
    lua_setfield(L, -2, "__gc");
    luaL_findtable(L, LUA_REGISTRYINDEX, types_table, 16);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    lua_pushlightuserdata(L, key);
    lua_insert(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

}  // namespace detail

void push_metatable_of(lua_State* L, const std::string& name) {
    luaL_findtable(L, LUA_REGISTRYINDEX, types_table, 16);
    lua_getfield(L, -1, name.c_str());
    lua_remove(L, -2);
    if (!lua_istable(L, -1)) {
        throw std::logic_error("type " + name + " has methods but is not registered");
    }
}

void push_methods_of(lua_State* L, const std::string& name) {
    push_metatable_of(L, name);
    lua_getfield(L, -1, "__index");
    if (!lua_istable(L, -1)) {
        // A type with its own __index function keeps its methods here.
        lua_pop(L, 1);
        lua_getfield(L, -1, "methods");
    }
    lua_remove(L, -2);
}

void set_field_access(lua_State* L, const std::string& name, lua_CFunction get) {
    push_metatable_of(L, name);
    lua_getfield(L, -1, "__index");
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    lua_pushcclosure(L, get, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

bool push_method(lua_State* L) {
    lua_settop(L, 2);  // a script may pass fewer arguments
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    if (!lua_isnil(L, -1)) {
        return true;
    }
    lua_pop(L, 1);
    return false;
}

void push(lua_State* L, const Exit& exit) {
    static char registered;
    lua_pushlightuserdata(L, &registered);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (lua_isnil(L, -1)) {
        register_type<Exit>(L);
        lua_pushlightuserdata(L, &registered);
        lua_pushboolean(L, 1);
        lua_rawset(L, LUA_REGISTRYINDEX);
    }
    lua_pop(L, 1);
    push_object(L, exit);
}

std::string with_article(const std::string& type) {
    const bool vowel = type.find_first_of("AEIO") == 0 || type.starts_with("LR");
    return (vowel ? "an " : "a ") + type;
}

std::string describe(lua_State* L, int index) {
    switch (lua_type(L, index)) {
        case LUA_TNONE:
            return "nothing";
        case LUA_TNIL:
            return "nil";
        case LUA_TBOOLEAN:
            return lua_toboolean(L, index) != 0 ? "true" : "false";
        case LUA_TNUMBER:
            return fmt::format("number {}", lua_tonumber(L, index));
        case LUA_TSTRING: {
            const std::string text = lua_tostring(L, index);
            return text.size() > 60 ? fmt::format("string '{}...'", text.substr(0, 57))
                                    : fmt::format("string '{}'", text);
        }
        case LUA_TUSERDATA:
            break;
        default:
            return fmt::format("a {}", lua_typename(L, lua_type(L, index)));
    }
    std::string name = "a userdata";
    if (lua_getmetatable(L, index) != 0) {
        lua_getfield(L, -1, "__name");
        if (lua_isstring(L, -1)) {
            name = with_article(lua_tostring(L, -1));
        }
        lua_pop(L, 2);
    }
    return name;
}

}  // namespace hfc::lua
