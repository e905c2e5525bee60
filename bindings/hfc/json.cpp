#include "bindings/hfc/json.h"

#include "base/natural_order.h"
#include "bindings/runtime/call.h"

#include <algorithm>
#include <cmath>

namespace hfc::lua {
namespace {

using run::Json;

Json convert(lua_State* L, int index, int depth);

Json convert_list(lua_State* L, int index, size_t length, int depth) {
    Json list = Json::array();
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, index, static_cast<int>(i));
        list.push_back(convert(L, lua_gettop(L), depth + 1));
        lua_pop(L, 1);
    }
    return list;
}

/// Lua's order of keys changes from run to run; files should not.
Json convert_object(lua_State* L, int index, int depth) {
    std::vector<std::pair<std::string, Json>> entries;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const int type = lua_type(L, -2);
        require(type == LUA_TSTRING || type == LUA_TNUMBER,
                "a key must be a string or a number, got {}", describe(L, -2));
        const std::string key = type == LUA_TSTRING ? Value(L, lua_gettop(L) - 1, "key").text()
                                                    : fmt::format("{}", lua_tonumber(L, -2));
        entries.emplace_back(key, convert(L, lua_gettop(L), depth + 1));
        lua_pop(L, 1);
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return natural_less(a.first, b.first); });
    Json object = Json::object();
    for (auto& [key, value] : entries) {
        object[key] = std::move(value);
    }
    return object;
}

/// Whether a key is a text.
bool has_named(lua_State* L, int index) {
    bool named = false;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        named = named || lua_type(L, -2) == LUA_TSTRING;
        lua_pop(L, 1);
    }
    return named;
}

Json convert_number(double value) {
    const bool whole = value == std::floor(value) && std::abs(value) < 9007199254740992.0;
    return whole ? Json(static_cast<int64_t>(value)) : Json(value);
}

Json convert(lua_State* L, int index, int depth) {
    require(depth < 32, "tables nested deeper than 32 levels, or a table that contains itself");
    luaL_checkstack(L, 4, "tables nested too deep");
    switch (lua_type(L, index)) {
        case LUA_TNIL:
            return nullptr;
        case LUA_TBOOLEAN:
            return lua_toboolean(L, index) != 0;
        case LUA_TNUMBER:
            return convert_number(lua_tonumber(L, index));
        case LUA_TSTRING:
            return Value(L, index, "text").text();
        case LUA_TTABLE: {
            const size_t length = lua_objlen(L, index);
            require(length == 0 || !has_named(L, index),
                    "a table is a list or has names, not both");
            return length > 0 ? convert_list(L, index, length, depth)
                              : convert_object(L, index, depth);
        }
        case LUA_TUSERDATA: {
            if (luaL_callmeta(L, index, "__tostring") == 0) {
                return describe(L, index);
            }
            const std::string text =
                lua_tostring(L, -1) != nullptr ? lua_tostring(L, -1) : describe(L, index);
            lua_pop(L, 1);
            return text;
        }
        default:
            fail("{} cannot be written", describe(L, index));
    }
}

}  // namespace

Json to_json(lua_State* L, int index) {
    return convert(L, index, 0);
}

}  // namespace hfc::lua
