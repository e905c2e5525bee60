// The environment that the prelude runs in.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Pushes a table with the globals as they are now: their values, and copies of the tables of Lua's
/// own libraries, so that a script that replaces rawget or string.match later changes nothing in
/// what runs with it. Its `_G` is the table of the scripts' globals. The prelude calls no methods
/// of strings: x:gsub() would ask the scripts' table `string`.
void push_private_environment(lua_State* L);

}  // namespace hfc::lua
