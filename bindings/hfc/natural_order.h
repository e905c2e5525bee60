// An order of names for what Lua tables do not order.
#pragma once

#include <string>

namespace hfc::lua {

/// "r=4" before "r=12": runs of digits compare as numbers, all else as text.
bool natural_less(const std::string& a, const std::string& b);

}  // namespace hfc::lua
