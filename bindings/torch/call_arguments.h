// The arguments of an operator's call: by position, by name in a last table, or both in one.
#pragma once

#include <lua.hpp>

#include <optional>

namespace hfc::lua {

/// Where the arguments of a call stand on the stack.
struct CallArguments {
    int first;                          ///< index of the first positional one
    int positional;                     ///< their number
    int named;                          ///< index of the trailing table of named ones, or 0
    int named_count;                    ///< of its keys
    std::optional<bool> requires_grad;  ///< where it is among them
    bool out_list = false;              ///< {out = {a, b}} is
    bool mixed = false;                 ///< the last positional one is the list of a mixed table
};

/// Pushes table[key], without metamethods.
void push_field(lua_State* L, int table, const char* key);

/// Whether a table holds nothing at all.
bool is_empty_table(lua_State* L, int index);

/// Finds the arguments among the `count` values from `first` on. A table that holds a list and
/// names is taken apart: its list stays in its place, its names go on the top of the stack.
CallArguments locate(lua_State* L, int first, int count);

/// The same arguments with the list at the end as arguments of its own: torch.full {{2}, 1, dtype =
/// "int64"}, x:max {1, keepdim = true}.
CallArguments spread_list(lua_State* L, const CallArguments& given);

}  // namespace hfc::lua
