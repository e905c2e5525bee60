// Networks of either kind: built by hfc.model, or written in Lua with torch.nn.
#pragma once

#include "bindings/runtime/call.h"
#include "model/model.h"

namespace hfc::lua {

/// The network at `value`: a Model, or a module of torch.nn in a form that the core takes. The
/// latter shares its parameters, buffers and mode with the module and calls its forward; it serves
/// for the call that asked for it. Throws Error for anything else.
model::ModelPtr to_model(lua_State* L, const Value& value);

/// The network of a .pt2 file, on the CPU; what a user should know about it goes to standard error.
model::ModelPtr load_network(const std::string& path);

/// Pushes a network that the core made (a copy): a LuaModel as the module it stands for.
void push_model(lua_State* L, const model::ModelPtr& network);

}  // namespace hfc::lua
