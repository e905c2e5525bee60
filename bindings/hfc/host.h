// The functions that the host provides to the prelude.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Pushes the table that each file of the prelude receives as `...`. It contains functions such as
/// `exit` and `declare`.
void push_host_table(lua_State* L);

}  // namespace hfc::lua
