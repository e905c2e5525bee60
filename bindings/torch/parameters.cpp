#include "bindings/torch/parameters.h"

#include "bindings/runtime/error.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

constexpr const char* expected_list = "a list of Tensors or the result of net:named_parameters()";

/// Adds the name and the Tensor at two stack indices.
void add_named(lua_State* L, int name, int tensor, Parameters& result) {
    const std::string what = fmt::format("parameter {}", result.tensors.size() + 1);
    result.names.push_back(Value(L, name, "the name of " + what).text());
    result.tensors.push_back(Value(L, tensor, what).object<LuaTensor>().tensor);
}

/// for name, tensor in f do
Parameters read_iterator(lua_State* L, int function) {
    Parameters result;
    while (true) {
        lua_pushvalue(L, function);
        protected_call(L, 0, 2);
        const int top = lua_gettop(L);
        if (lua_isnil(L, top - 1)) {
            lua_settop(L, top - 2);
            return result;
        }
        add_named(L, top - 1, top, result);
        lua_settop(L, top - 2);
    }
}

void read_element(lua_State* L, int element, Parameters& result) {
    if (lua_istable(L, element) && lua_objlen(L, element) == 2) {
        lua_rawgeti(L, element, 1);
        lua_rawgeti(L, element, 2);
        add_named(L, element + 1, element + 2, result);
        return;
    }
    const std::string what = fmt::format("parameter {}", result.tensors.size() + 1);
    result.tensors.push_back(Value(L, element, what).object<LuaTensor>().tensor);
}

/// Throws Error for keys that are not in 1 .. length: elements after a hole would be lost.
void require_list(lua_State* L, const Value& value, size_t length) {
    lua_pushnil(L);
    while (lua_next(L, value.index()) != 0) {
        lua_pop(L, 1);
        const bool inside = lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) >= 1 &&
                            lua_tonumber(L, -1) <= static_cast<double>(length);
        if (!inside) {
            const std::string key = lua_type(L, -1) == LUA_TSTRING
                                        ? fmt::format("'{}'", lua_tostring(L, -1))
                                        : describe(L, -1);
            lua_pop(L, 1);
            value.expected(expected_list, "a table with the key " + key);
        }
    }
}

/// Whether the table at `index` is a network written in Lua (bindings/prelude/nn_base.lua).
bool is_lua_network(lua_State* L, int index) {
    lua_getfield(L, LUA_REGISTRYINDEX, "hfc.module_records");
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    const bool found = lua_istable(L, -1);
    lua_pop(L, 2);
    return found;
}

bool is_model(lua_State* L, int index) {
    if (!lua_isuserdata(L, index) || luaL_getmetafield(L, index, "__name") == 0) {
        return false;
    }
    const bool found = Value(L, lua_gettop(L), "__name").text() == "Model";
    lua_pop(L, 1);
    return found;
}

/// Pushes the list of the parameters of the network at `index`.
void push_parameters_of(lua_State* L, int index) {
    lua_getfield(L, index, "parameters");
    lua_pushvalue(L, index);
    protected_call(L, 1, 1);
}

}  // namespace

Parameters read_parameters(lua_State* L, const Value& value) {
    const int index = value.index();
    if (lua_isfunction(L, index)) {
        return read_iterator(L, index);
    }
    if (!lua_istable(L, index)) {
        value.expected(expected_list);
    }
    if (is_lua_network(L, index)) {
        value.expected("a list of Tensors, such as net:parameters()");
    }
    const size_t length = lua_objlen(L, index);
    require_list(L, value, length);
    Parameters result;
    for (size_t i = 1; i <= length; ++i) {
        const int top = lua_gettop(L);
        lua_rawgeti(L, index, static_cast<int>(i));
        read_element(L, top + 1, result);
        lua_settop(L, top);
    }
    require(result.names.empty() || result.names.size() == result.tensors.size(),
            "expected names for all parameters or for none");
    return result;
}

Parameters read_parameters_or_network(lua_State* L, const Value& value) {
    const int index = value.index();
    if (const at::Tensor* tensor = to_tensor(L, index)) {
        return {{*tensor}, {}};
    }
    const int top = lua_gettop(L);
    if (is_model(L, index) || (lua_istable(L, index) && is_lua_network(L, index))) {
        push_parameters_of(L, index);
        auto result = read_parameters(L, Value(L, top + 1, "the parameters of the network"));
        lua_settop(L, top);
        return result;
    }
    return read_parameters(L, value);
}

}  // namespace hfc::lua
