// Tensor hooks written in Lua.
#pragma once

#include "bindings/runtime/error.h"

#include <map>
#include <memory>

namespace hfc::lua {

struct Hook {
    Reference function;  ///< empty while the set is dormant, and after the hook is removed
    bool removed = false;
};

/// The hooks registered through one Lua userdata. The functions are in the userdata's environment,
/// so that Lua's collector sees what they refer to. A tensor that C++ can also reach (because a
/// graph or an optimizer holds it) needs its hooks even if Lua has dropped it; the registry then
/// holds the functions as well. If only the userdata owns the tensor, the set is dormant, so that a
/// hook that refers to its own tensor can be collected together with the tensor.
struct HookSet {
    /// Keyed by position in the environment. A removed hook is deleted when the set becomes dormant
    /// or grows.
    std::map<int, std::shared_ptr<Hook>> hooks;
    int next = 1;
    bool dormant = false;
};

class LuaTensor;

/// From now on, the registry holds the hooks of the userdata's set.
void watch_hooks(const LuaTensor* tensor);
/// Called when the userdata has been collected.
void forget_hooks(const LuaTensor* tensor);
/// Called when a tensor is used in a way that may let C++ reach it: puts its hooks back into the
/// registry. index: the tensor's userdata.
void wake_hooks(lua_State* L, int index, const LuaTensor* tensor);
/// Makes each set dormant if only Lua can reach its tensor. Returns how many became dormant.
int put_hooks_to_sleep();

}  // namespace hfc::lua
