// Lua's part of --sandbox, which restricts an untrusted script. The kernel's part is in
// core/sandbox.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Call it after the API is set up: removes io, os, ffi, debug, jit, package, compiled chunks and
/// pointers. `require` remains, but only for source files in the script's directory. Throws
/// std::runtime_error on failure.
void enter_sandbox(lua_State* L);

}  // namespace hfc::lua
