// Every ATen operator by name, called through the dispatcher by its schema.
#pragma once

#include <lua.hpp>

#include <string>
#include <vector>

namespace hfc::lua {

/// Pushes the function of an operator name ("conv2d": all overloads of aten::conv2d) and returns
/// true; false where there is none.
bool push_operator(lua_State* L, const std::string& name);

/// The schemas of a name's overloads, as texts; empty where there is no such operator.
std::vector<std::string> operator_signatures(const std::string& name);

/// All operator names, in alphabetical order.
std::vector<std::string> operator_names();

/// Calls an operator with the `arguments` values on the top of the stack (which stay) and pushes
/// its results; returns their number. Throws Error, listing the signatures, where no overload takes
/// them.
int call_operator(lua_State* L, const std::string& name, int first, int arguments);

}  // namespace hfc::lua
