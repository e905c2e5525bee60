// Lua's part of --sandbox, which restricts an untrusted script. The kernel's part is in
// core/sandbox.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Removes io, os, ffi, debug, jit, package, compiled chunks and pointers, but keeps `require` for
/// source files in the script's directory. Call it after the API has been set up. Throws
/// std::runtime_error on failure.
void enter_sandbox(lua_State* L);

}  // namespace hfc::lua
