// The settings of an attack as Lua has them.
#pragma once

#include "attack/attack.h"
#include "bindings/runtime/types.h"

#include <vector>

namespace hfc::lua {

/// Callable from Lua.
struct Attack {
    attack::AttackOptions options;
    std::vector<double> epsilons;  ///< one, or several for several answers
    bool several = false;          ///< they were given as a list
};

template <>
inline constexpr const char* type_name<Attack> = "Attack";

namespace detail {
/// The type Attack must be registered.
void register_attack_calls(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
