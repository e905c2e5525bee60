// Distinguishes the functions of scripts.
#pragma once

#include <lua.hpp>

#include <string>

namespace hfc::lua {

/// Returns the function at the top of the stack, which stays there, as bytes without line numbers,
/// so that a comment above the function changes nothing. The captured variables are not included.
/// Returns "" for a C function.
std::string code_of(lua_State* L);

}  // namespace hfc::lua
