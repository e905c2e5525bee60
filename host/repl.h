// The prompt, which reads and runs lines and prints their results.
#pragma once

#include "bindings/runtime/state.h"

namespace hfc::host {

/// Runs the prompt until the end of the input and returns the exit status. If there is no terminal,
/// lines are read without a prompt or history.
int run_prompt(lua::State& state);

}  // namespace hfc::host
