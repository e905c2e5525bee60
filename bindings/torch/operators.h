// All ATen operators by name, called through the dispatcher by their schemas.
#pragma once

#include <lua.hpp>

#include <string>
#include <vector>

namespace hfc::lua {

/// Pushes the function for an operator's name ("conv2d": all overloads of aten::conv2d) and returns
/// true; returns false if there is no such operator.
bool push_operator(lua_State* L, const std::string& name);

/// The schemas of an operator's overloads, as strings; empty if there is no such operator.
std::vector<std::string> operator_signatures(const std::string& name);

/// All operator names, in alphabetical order.
std::vector<std::string> operator_names();

}  // namespace hfc::lua
