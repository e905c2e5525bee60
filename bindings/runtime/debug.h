// What --debug adds to error messages: the values of local variables in tracebacks, and the
// place in the C++ code where an error was raised.
#pragma once

#include <lua.hpp>

#include <exception>
#include <string>

namespace hfc::lua {

/// Whether the state was made with --debug.
bool debugging(lua_State* L);

/// "\n      x = Tensor float32 [2, 3]" for each local variable of a frame that lua_getinfo has
/// filled in.
std::string locals_of(lua_State* L, const lua_Debug& frame);

/// The text of `error` followed by the innermost LibTorch function and its source line; "" if these
/// are not known.
std::string origin_of(const std::exception& error);

}  // namespace hfc::lua
