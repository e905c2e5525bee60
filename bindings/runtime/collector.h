// Lua's garbage collector, run in full where memory is short.
#pragma once

#include <lua.hpp>

namespace hfc::lua {

/// Whose garbage is collected where memory cannot be had; nullptr as the state is closed. From then
/// on the handler of operator new (std::set_new_handler) runs a full collection, for the thread
/// that called this. The program's allocator asks it once, also for tensors on the CPU
/// (host/malloc.cpp). So it is the allocation that is repeated, not the call around it, which is
/// safe in calls that change something too, in a training for one.
void set_collected_state(lua_State* L);

/// Called before each full collection: lets go of what C++ keeps alive for Lua although only Lua
/// can reach it. Returns how much that was; the collection is repeated while there is some.
using Release = int (*)();
void set_release(Release release);

/// A full collection.
void collect_garbage(lua_State* L);

}  // namespace hfc::lua
