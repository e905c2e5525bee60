// The table `torch` and the type Tensor.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

void register_torch(lua_State* L);

namespace detail {
void register_tensor_type(lua_State* L);
void register_creation(lua_State* L);
void register_indexing(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
