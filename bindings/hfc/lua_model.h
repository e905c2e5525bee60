// Networks of both kinds: built by hfc.model, or written in Lua with torch.nn.
#pragma once

#include "bindings/runtime/call.h"
#include "model/model.h"

namespace hfc::lua {

/// Returns the network at `value`: a Model, or a module of torch.nn wrapped for the core. The
/// wrapper shares its parameters, buffers and mode with the module and calls the module's
/// forward(). It is valid only during the current call. Throws Error for anything else.
model::ModelPtr to_model(lua_State* L, const Value& value);

/// Loads the network from a .pt2 file onto the CPU, and prints notes for the user on standard
/// error.
model::ModelPtr load_network(const std::string& path);

/// Pushes a network that the core made, such as a modified copy. A LuaModel is pushed as its
/// module.
void push_model(lua_State* L, const model::ModelPtr& network);

}  // namespace hfc::lua
