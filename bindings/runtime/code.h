// What tells functions of scripts apart.
#pragma once

#include <lua.hpp>

#include <string>

namespace hfc::lua {

/// The function at the top of the stack, which stays there, as bytes without line numbers, so that
/// a comment above it changes nothing. The variables that it captures are not in them. "" for a
/// function of C.
std::string code_of(lua_State* L);

}  // namespace hfc::lua
