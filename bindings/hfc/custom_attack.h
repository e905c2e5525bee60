// Attacks in which a script's function performs each iteration.
#pragma once

#include "attack/method.h"
#include "bindings/runtime/call.h"

#include <memory>
#include <string>

namespace hfc::lua {

class AttackMoment;

/// The object that the script's function receives for one iteration. Its methods fail once the
/// function has returned.
using AttackStep = std::shared_ptr<AttackMoment>;

template <>
inline constexpr const char* type_name<AttackStep> = "AttackStep";

/// Makes a method that calls the function at stack index `step`: step(images, at, state) -> images.
std::shared_ptr<const attack::Method> make_custom_method(lua_State* L, const Value& step,
                                                         const std::string& name,
                                                         attack::Norm norm);

namespace detail {
/// Registers the type AttackStep and its methods.
void register_attack_step(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
