// Operators that Lua may not call.
#pragma once

#include <string>

namespace hfc::lua {

/// Why an operator is refused, or nullptr. The refused operators are internal parts of LibTorch
/// (all *_backward operators, and some others). Most of them can be reached through a public
/// operator that checks the arguments. If called directly with wrong arguments, they read out of
/// bounds or crash the process (found by tests/lua/fuzz_operators.lua).
const char* refusal_of(const std::string& name);

/// From now on, refuses all internal operators, including those not known to be harmful, and all
/// operators that open files. Call it before the first operator is looked up.
void refuse_inner_operators();

}  // namespace hfc::lua
