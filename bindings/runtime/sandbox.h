// Lua's part of --sandbox: what an untrusted script may not do. The kernel's part is core/sandbox.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// After the API is set up: takes io, os, ffi, debug, jit, package, compiled chunks and pointers
/// away. `require` stays, for text in the script's folder. Throws std::runtime_error where that
/// fails.
void enter_sandbox(lua_State* L);

}  // namespace hfc::lua
