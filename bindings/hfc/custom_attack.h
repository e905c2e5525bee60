// Attacks whose iteration is a function of a script.
#pragma once

#include "attack/method.h"
#include "bindings/runtime/call.h"

#include <memory>
#include <string>

namespace hfc::lua {

class AttackMoment;

/// What the function of a script sees of one iteration. Its methods fail once the function has
/// returned.
using AttackStep = std::shared_ptr<AttackMoment>;

template <>
inline constexpr const char* type_name<AttackStep> = "AttackStep";

/// A method that calls the function at `step`: step(images, at, state) -> images.
std::shared_ptr<const attack::Method> make_custom_method(lua_State* L, const Value& step,
                                                         const std::string& name,
                                                         attack::Norm norm);

namespace detail {
/// The type AttackStep and its methods.
void register_attack_step(lua_State* L);
}  // namespace detail

}  // namespace hfc::lua
