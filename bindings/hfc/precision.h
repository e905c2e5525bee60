// The options of hfc's functions that choose how a network computes.
#pragma once

#include "bindings/runtime/call.h"

#include <c10/core/Device.h>

namespace hfc::lua {

/// Reads bfloat16 = true or false (the default). On a processor that does not compute in bfloat16,
/// where it is about seven times slower than float32, true becomes false, and a line on standard
/// error says so once. The environment variable HFC_BFLOAT16 overrides what the processor says:
/// "always" forces bfloat16, "never" takes the processor for one without.
bool read_bfloat16(Options& options, at::Device device);

/// Reads tf32 = true or false (the default). On a processor true becomes false, and a line on
/// standard error says so once.
bool read_tf32(Options& options, at::Device device);

}  // namespace hfc::lua
