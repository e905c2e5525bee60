// Lua tables as JSON and back.
#pragma once

#include "run/run.h"

#include <lua.hpp>

namespace hfc::lua {

/// The value at `index`: lists (1 .. n) become arrays, other tables objects with their keys in
/// order, userdata their text. Throws Error for functions, cycles (more than 32 levels) and keys
/// that are neither text nor number.
run::Json to_json(lua_State* L, int index);

}  // namespace hfc::lua
