// Runs a full Lua garbage collection if memory runs out.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Sets the state whose garbage is collected if an allocation fails; pass nullptr before the state
/// is closed. From then on, the handler of operator new (std::set_new_handler) runs a full
/// collection on the thread that called this function. The program's allocator calls the handler
/// once per failed allocation, even for tensors on the CPU (host/malloc.cpp). Only the allocation
/// is repeated, not the call around it, so this is safe even in calls with side effects, such as
/// training.
void set_collected_state(lua_State* L);

/// Called before each full collection: releases objects that C++ keeps alive for Lua although only
/// Lua can reach them. Returns how many it released; the collection is repeated until this is 0.
using Release = int (*)();
void set_release(Release release);

/// Runs a full collection.
void collect_garbage(lua_State* L);

}  // namespace hfc::lua
