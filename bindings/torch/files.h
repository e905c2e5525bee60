// What torch.save and torch.load share.
#pragma once

#include <lua.hpp>
#include "tensor_file/tensor_file.h"

#include <nlohmann/json.hpp>

#include <string>

namespace hfc::lua {

/// The value that was saved, as torch.save describes it.
using StructureJson = nlohmann::ordered_json;

/// Where a file says what the value was besides named tensors: in the metadata.
inline constexpr const char* structure_key = "hfc_structure";
inline constexpr int deepest_structure = 64;

/// A Lua value as its tensors, named by their path, and the rest as JSON: numbers, booleans and
/// strings as themselves, a tensor as {"tensor": name}, a table as {"table": [[key, value], ...]},
/// a string that is not UTF-8 as {"bytes": hexadecimal}.
struct Flattened {
    tensor_file::NamedTensors tensors;
    StructureJson structure;
    bool plain = true;  ///< a tensor, or a table string -> tensor: no structure need be kept
};

/// Throws Error for what cannot be saved, naming its place in the value at `index`.
Flattened flatten_value(lua_State* L, int index);

/// Pushes the value that was flattened. path: what messages call the file.
void push_flattened(lua_State* L, const std::string& path, const StructureJson& structure,
                    const tensor_file::NamedTensors& tensors);

/// Whether an object's metatable offers state_dict(): modules, models, optimizers, schedules.
bool has_state_dict(lua_State* L, int index);

namespace detail {
void register_loading(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
