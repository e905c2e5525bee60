// Identifies functions of scripts by their code.
#pragma once

#include <lua.hpp>

#include <string>

namespace hfc::lua {

/// Returns the bytecode of the function at the top of the stack, without line numbers, so that a
/// comment above the function does not change the result. The function stays on the stack. The
/// captured variables are not included. Returns "" for a C function.
std::string code_of(lua_State* L);

}  // namespace hfc::lua
