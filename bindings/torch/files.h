// What torch.save and torch.load share.
#pragma once

#include <lua.hpp>
#include <nlohmann/json.hpp>

namespace hfc::lua {

/// The value that was saved, as torch.save describes it.
using StructureJson = nlohmann::ordered_json;

/// Where a file says what the value was besides named tensors: in the metadata.
inline constexpr const char* structure_key = "hfc_structure";
inline constexpr int deepest_structure = 64;

namespace detail {
void register_loading(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
