// Common parts of torch.save and torch.load.
#pragma once

#include <lua.hpp>
#include "tensor_file/tensor_file.h"

#include <nlohmann/json.hpp>

#include <string>

namespace hfc::lua {

/// The structure of the saved value, as described for torch.save.
using StructureJson = nlohmann::ordered_json;

/// The metadata key for the structure of a saved value that does not consist only of named tensors.
inline constexpr const char* structure_key = "hfc_structure";
inline constexpr int deepest_structure = 64;

/// A Lua value, split into tensors (named by their paths) and JSON for everything else. In the
/// JSON, numbers, booleans and strings are unchanged; a tensor is {"tensor": name}, a table is
/// {"table": [[key, value], ...]}, and a string that is not UTF-8 is {"bytes": hexadecimal}.
struct Flattened {
    tensor_file::NamedTensors tensors;
    StructureJson structure;
    /// Whether the value is a tensor or a table that maps strings to tensors, so that the structure
    /// need not be stored.
    bool plain = true;
};

/// Throws Error if a part of the value at `index` cannot be saved, and names that part.
Flattened flatten_value(lua_State* L, int index);

/// Pushes the value that was flattened. path: the name of the file in messages.
void push_flattened(lua_State* L, const std::string& path, const StructureJson& structure,
                    const tensor_file::NamedTensors& tensors);

/// Whether an object's metatable has state_dict(): modules, models, optimizers, schedules.
bool has_state_dict(lua_State* L, int index);

namespace detail {
void register_loading(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
