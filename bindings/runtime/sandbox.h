// --sandbox: what a script from somebody else may not do.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Before the API is set up: no inner operators, and no writes but in the run directory.
void prepare_sandbox();

/// After it: takes io, os, ffi, debug, jit, package, compiled chunks and pointers away. `require`
/// stays, for text in the script's folder. Throws std::runtime_error where that fails.
void enter_sandbox(lua_State* L);

}  // namespace hfc::lua
