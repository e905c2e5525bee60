// Converts Lua values to JSON.
#pragma once

#include "run/run.h"

#include <lua.hpp>

namespace hfc::lua {

/// Converts the value at `index`: lists (1 .. n) become arrays, other tables become objects with
/// their keys in order, and userdata become strings. Throws Error for functions, for tables nested
/// more than 32 levels deep (such as cycles), and for keys that are neither strings nor numbers.
run::Json to_json(lua_State* L, int index);

}  // namespace hfc::lua
