#include "bindings/torch/call_arguments.h"

namespace hfc::lua {
namespace {

/// Whether a table contains only arguments by name: its keys are strings.
bool is_named_table(lua_State* L, int index) {
    if (!lua_istable(L, index) || lua_objlen(L, index) > 0) {
        return false;
    }
    lua_pushnil(L);
    if (lua_next(L, index) == 0) {
        return false;
    }
    const bool by_name = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return by_name;
}

int count_named(lua_State* L, int table) {
    int count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        ++count;
    }
    return count;
}

/// Whether a table contains a list and names: {2, 3, dtype = "int64"}.
bool is_mixed_table(lua_State* L, int index) {
    const size_t length = lua_istable(L, index) ? lua_objlen(L, index) : 0;
    if (length == 0) {
        return false;
    }
    lua_pushnumber(L, static_cast<double>(length));
    if (lua_next(L, index) == 0) {
        return false;
    }
    const bool by_name = lua_type(L, -2) == LUA_TSTRING;
    lua_pop(L, 2);
    return by_name;
}

/// Replaces a mixed table with its list and pushes a table of its named fields.
void split_mixed_table(lua_State* L, int index) {
    luaL_checkstack(L, 8, "too many arguments");
    lua_newtable(L);
    lua_newtable(L);
    const int names = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, lua_type(L, -2) == LUA_TSTRING ? names : names - 1);
    }
    lua_insert(L, names - 1);
    lua_replace(L, index);
}

CallArguments with_names(lua_State* L, int first, int positional, int named) {
    push_field(L, named, "requires_grad");
    const auto requires_grad =
        lua_isboolean(L, -1) ? std::optional(lua_toboolean(L, -1) != 0) : std::nullopt;
    lua_pop(L, 1);
    push_field(L, named, "out");
    const bool out_list = lua_istable(L, -1);
    lua_pop(L, 1);
    return {first, positional, named, count_named(L, named), requires_grad, out_list};
}

}  // namespace

void push_field(lua_State* L, int table, const char* key) {
    lua_pushstring(L, key);
    lua_rawget(L, table);
}

bool is_empty_table(lua_State* L, int index) {
    if (!lua_istable(L, index)) {
        return false;
    }
    lua_pushnil(L);
    if (lua_next(L, index) == 0) {
        return true;
    }
    lua_pop(L, 2);
    return false;
}

CallArguments locate(lua_State* L, int first, int count) {
    const int last = first + count - 1;
    if (count > 0 && is_named_table(L, last)) {
        return with_names(L, first, count - 1, last);
    }
    if (count > 0 && is_mixed_table(L, last)) {
        split_mixed_table(L, last);
        CallArguments given = with_names(L, first, count, lua_gettop(L));
        given.mixed = true;
        return given;
    }
    return {first, count, 0, 0, std::nullopt};
}

CallArguments spread_list(lua_State* L, const CallArguments& given) {
    const int last = given.first + given.positional - 1;
    const int length = static_cast<int>(lua_objlen(L, last));
    luaL_checkstack(L, given.positional + length + 4, "too many arguments");
    const int first = lua_gettop(L) + 1;
    for (int i = given.first; i < last; ++i) {
        lua_pushvalue(L, i);
    }
    for (int i = 1; i <= length; ++i) {
        lua_rawgeti(L, last, i);
    }
    CallArguments result = given;
    result.first = first;
    result.positional = given.positional - 1 + length;
    return result;
}

}  // namespace hfc::lua
