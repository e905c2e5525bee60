// Numbers that a script passes as a list or as a tensor.
#pragma once

#include "bindings/runtime/call.h"

#include <vector>

namespace hfc::lua {

/// Reads a list of numbers or a tensor with one dimension. Throws Error for anything else.
std::vector<double> number_list(lua_State* L, const Value& value);

}  // namespace hfc::lua
