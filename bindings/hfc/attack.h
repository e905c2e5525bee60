// The options of an attack in Lua.
#pragma once

#include "attack/attack.h"
#include "bindings/runtime/types.h"

#include <vector>

namespace hfc::lua {

/// An attack as an object that Lua can call.
struct Attack {
    attack::AttackOptions options;
    std::vector<double> epsilons;  ///< one, or several for several results
    bool several = false;          ///< whether they were given as a list
};

template <>
inline constexpr const char* type_name<Attack> = "Attack";

namespace detail {
/// Call it after the type Attack has been registered.
void register_attack_calls(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
