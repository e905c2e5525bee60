// Converts Lua values to the arguments of a schema, and results back to Lua.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <lua.hpp>

#include <optional>

namespace hfc::lua {

/// Converts the value at `index` to the schema's type; returns nothing if it does not fit.
/// list_length: the fixed length of a list in the schema ("int[2]"); a single number may then stand
/// for all elements. numbers_as_tensors: a number may stand for a tensor without dimensions (which
/// PyTorch in Python allows if nothing else fits).
std::optional<c10::IValue> to_ivalue(lua_State* L, int index, const c10::Type& type,
                                     std::optional<int> list_length, bool numbers_as_tensors);

/// Pushes a result; tuples and lists become tables, and None becomes nil. Throws Error for a type
/// that Lua cannot hold.
void push_ivalue(lua_State* L, const c10::IValue& value);

/// "contiguous_format", "channels_last", "channels_last_3d" or "preserve_format"; throws Error for
/// any other name.
at::MemoryFormat parse_memory_format(const std::string& name);

}  // namespace hfc::lua
