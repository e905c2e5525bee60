// The options of hfc's functions that determine the precision of a network's computations.
#pragma once

#include "bindings/runtime/call.h"

#include <c10/core/Device.h>

namespace hfc::lua {

/// Reads bfloat16 = true or false (the default). On a processor that does not compute in bfloat16,
/// which is then about seven times slower than float32, true becomes false, and one line on
/// standard error says so. The environment variable HFC_BFLOAT16 overrides the detection: "always"
/// forces bfloat16, and "never" treats the processor as one without it.
bool read_bfloat16(Options& options, at::Device device);

/// Reads tf32 = true or false (the default). On a CPU, true becomes false, and one line on standard
/// error says so.
bool read_tf32(Options& options, at::Device device);

}  // namespace hfc::lua
