// Numbers that Lua's own type cannot hold, and `None`.
#pragma once

#include "bindings/runtime/types.h"

#include <c10/core/Scalar.h>
#include <lua.hpp>

#include <optional>

namespace hfc::lua {

/// torch.none: Python's None where a list or a row of arguments cannot have a hole.
struct None {};

template <>
inline constexpr const char* type_name<None> = "None";

/// nil, nothing or torch.none.
inline bool is_none(lua_State* L, int index) {
    return lua_isnoneornil(L, index) || to_object<None>(L, index) != nullptr;
}

/// A number, a boolean, a complex number or a 64-bit integer of LuaJIT's (2i, 5LL); nothing for
/// other values. A number without a fraction is an integer, because Lua does not tell 1 from 1.0;
/// -0.0 is none, because integers have no such zero.
std::optional<at::Scalar> to_scalar(lua_State* L, int index);

/// A whole number that a double holds exactly, as one: to PyTorch -1.0 does not fit uint8, while -1
/// becomes 255.
std::optional<double> as_double(const at::Scalar& value);

/// A whole number within +-2^53, or a 64-bit integer.
std::optional<int64_t> to_integer(lua_State* L, int index);

/// Pushes a value: a boolean, a number, for a whole number beyond 2^53 LuaJIT's int64_t, for a
/// complex one LuaJIT's complex.
void push_scalar(lua_State* L, const at::Scalar& value);

}  // namespace hfc::lua
