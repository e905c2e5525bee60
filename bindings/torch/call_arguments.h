// The arguments of an operator's call: by position, by name in a table at the end, or both in one
// table.
#pragma once

#include <lua.hpp>

#include <optional>

namespace hfc::lua {

/// The positions of a call's arguments on the stack.
struct CallArguments {
    int first;                          ///< index of the first positional one
    int positional;                     ///< their number
    int named;                          ///< index of the trailing table of named ones, or 0
    int named_count;                    ///< the number of its keys
    std::optional<bool> requires_grad;  ///< the value of requires_grad, if it is given
    bool out_list = false;              ///< whether {out = {a, b}} is used
    bool mixed = false;  ///< whether the last positional one is the list of a mixed table
};

/// Pushes table[key], without metamethods.
void push_field(lua_State* L, int table, const char* key);

/// Whether a table is empty.
bool is_empty_table(lua_State* L, int index);

/// Locates the arguments among the `count` values starting at `first`. A table that contains both a
/// list and names is split: the list stays in its place, and the names go to the top of the stack.
CallArguments locate(lua_State* L, int first, int count);

/// The same arguments, with the elements of the list at the end as separate arguments: torch.full
/// {{2}, 1, dtype = "int64"}, x:max {1, keepdim = true}.
CallArguments spread_list(lua_State* L, const CallArguments& given);

}  // namespace hfc::lua
