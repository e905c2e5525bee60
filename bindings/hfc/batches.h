// Dataset:batch and Dataset:batches.
#pragma once

#include <lua.hpp>

namespace hfc::lua::detail {

/// The type Dataset must be registered.
void register_batches(lua_State* L);

}  // namespace hfc::lua::detail
