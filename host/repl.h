// The prompt: reads lines, runs them, prints what they give.
#pragma once

#include "bindings/runtime/state.h"

namespace hfc::host {

/// Runs the prompt until the input's end; returns the status the process should end with. Without a
/// terminal lines are read without prompts and history.
int run_prompt(lua::State& state);

}  // namespace hfc::host
