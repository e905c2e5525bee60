// Operators that Lua may not call.
#pragma once

#include <string>

namespace hfc::lua {

/// Why an operator is refused, or nullptr. These are inner parts of LibTorch (all *_backward
/// operators, and some others), each reached through a public operator that checks the arguments;
/// called directly with wrong ones they read foreign memory or end the process (seen, by
/// tests/lua/fuzz_operators.lua).
const char* refusal_of(const std::string& name);

/// Refuses all inner operators from now on, also those of which no harm is known, and those that
/// open files. To be called before the first operator is looked up.
void refuse_inner_operators();

}  // namespace hfc::lua
