// The prompt, which reads and runs lines and prints their results.
#pragma once

#include "bindings/runtime/state.h"

namespace hfc::host {

/// Runs the prompt until the end of the input and returns the exit status. Without a terminal,
/// lines are read without prompts and history.
int run_prompt(lua::State& state);

}  // namespace hfc::host
