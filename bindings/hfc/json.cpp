#include "bindings/hfc/json.h"

#include "base/natural_order.h"
#include "bindings/runtime/call.h"
#include "bindings/torch/tensor.h"

#include <ATen/core/Tensor.h>

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

/// Sorts the keys: their order in Lua changes from run to run, but the files should not change.
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

/// Throws Error unless the keys are exactly 1 .. length: elements after a hole would be lost.
void require_list(lua_State* L, int index, size_t length) {
    size_t keys = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        require(lua_type(L, -2) != LUA_TSTRING,
                "a table cannot contain both named fields and list elements");
        ++keys;
    }
    require(keys == length,
            "the keys of a list must be consecutive integers starting at 1 (found {} values, but "
            "the list has length {})",
            keys, length);
}

Json convert_number(double value) {
    const bool whole = value == std::floor(value) && std::abs(value) < 9007199254740992.0;
    return whole ? Json(static_cast<int64_t>(value)) : Json(value);
}

/// A tensor with one element, as a number or boolean.
Json convert_tensor(const at::Tensor& tensor) {
    require(tensor.defined() && tensor.numel() == 1 && !tensor.is_complex(),
            "only a Tensor with one real element can be written, got {}", describe_tensor(tensor));
    return tensor.scalar_type() == at::kBool ? Json(tensor.item<bool>())
                                             : convert_number(tensor.item<double>());
}

Json convert(lua_State* L, int index, int depth) {
    require(depth < 32,
            "the tables are nested more than 32 levels deep, or a table contains itself");
    luaL_checkstack(L, 4, "tables nested too deeply");
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
            if (length == 0) {
                return convert_object(L, index, depth);
            }
            require_list(L, index, length);
            return convert_list(L, index, length, depth);
        }
        case LUA_TUSERDATA: {
            if (const at::Tensor* tensor = to_tensor(L, index)) {
                return convert_tensor(*tensor);
            }
            if (luaL_callmeta(L, index, "__tostring") == 0) {
                return describe(L, index);
            }
            const std::string text =
                lua_tostring(L, -1) != nullptr ? lua_tostring(L, -1) : describe(L, index);
            lua_pop(L, 1);
            return text;
        }
        default:
            fail("cannot write {} as JSON", describe(L, index));
    }
}

}  // namespace

Json to_json(lua_State* L, int index) {
    return convert(L, index, 0);
}

}  // namespace hfc::lua
