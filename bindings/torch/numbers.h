// Numbers that Lua's own type cannot hold, and `None`.
#pragma once

#include "bindings/runtime/types.h"

#include <c10/core/Scalar.h>
#include <lua.hpp>

#include <optional>

namespace hfc::lua {

/// torch.none: Python's None, for places where a list or the arguments cannot contain nil.
struct None {};

template <>
inline constexpr const char* type_name<None> = "None";

/// Whether the value is nil, absent or torch.none.
inline bool is_none(lua_State* L, int index) {
    return lua_isnoneornil(L, index) || to_object<None>(L, index) != nullptr;
}

/// Converts a number, a boolean, a complex number or a 64-bit integer of LuaJIT (2i, 5LL); returns
/// nothing for other values. A number without a fractional part becomes an integer, because Lua
/// does not distinguish 1 from 1.0; -0.0 does not, because integers have no negative zero.
std::optional<at::Scalar> to_scalar(lua_State* L, int index);

/// Converts an integer to a double if a double represents it exactly; otherwise returns nothing.
/// PyTorch checks the range of a double (-1.0 does not fit into uint8), but wraps an integer (-1
/// becomes 255).
std::optional<double> as_double(const at::Scalar& value);

/// An integer within +-2^53, or a 64-bit integer.
std::optional<int64_t> to_integer(lua_State* L, int index);

/// Pushes a value: a boolean or a number, LuaJIT's int64_t for an integer beyond 2^53, or LuaJIT's
/// complex for a complex number.
void push_scalar(lua_State* L, const at::Scalar& value);

}  // namespace hfc::lua
