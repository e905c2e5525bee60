// The environment that the prelude runs in.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Pushes a table with the values of the current globals and with copies of the tables of Lua's own
/// libraries. A script that later replaces rawget or string.match therefore does not affect code
/// that runs in this environment. Its `_G` is the table of the scripts' globals. The prelude must
/// not call string methods, because x:gsub() would use the scripts' table `string`.
void push_private_environment(lua_State* L);

}  // namespace hfc::lua
