// Dataset:batch and Dataset:batches.
#pragma once

#include <lua.hpp>

namespace hfc::lua::detail {

/// Call it after the type Dataset has been registered.
void register_batches(lua_State* L);

}  // namespace hfc::lua::detail
