// Hooks of tensors, written in Lua.
#pragma once

#include "bindings/runtime/error.h"

#include <map>
#include <memory>

namespace hfc::lua {

struct Hook {
    Reference function;  ///< empty while its set is dormant, and once it is removed
    bool removed = false;
};

/// The hooks that were registered through one userdata of Lua's. The functions stand in the
/// userdata's environment, so that Lua's collector sees what they hold. A tensor that C++ can reach
/// as well (a graph holds it, an optimizer) needs its hooks although Lua may have dropped it: then
/// the registry holds the functions too. Where only the userdata owns the tensor the set is
/// dormant: a hook that mentions its own tensor is garbage together with it.
struct HookSet {
    std::map<int, std::shared_ptr<Hook>> hooks;  ///< by their place in the environment; a removed
                                                 ///< one leaves as the set goes to sleep or grows
    int next = 1;
    bool dormant = false;
};

class LuaTensor;

/// The userdata's set has hooks that the registry holds from now on.
void watch_hooks(const LuaTensor* tensor);
/// The userdata is gone.
void forget_hooks(const LuaTensor* tensor);
/// Whoever uses a tensor may let C++ reach it: the registry holds its hooks again. index: of the
/// tensor's userdata.
void wake_hooks(lua_State* L, int index, const LuaTensor* tensor);
/// Puts to sleep the sets whose tensors only Lua can reach; returns their number.
int put_hooks_to_sleep();

}  // namespace hfc::lua
