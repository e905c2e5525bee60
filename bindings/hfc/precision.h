// The options of hfc's functions that determine the precision of a network's computations.
#pragma once

#include "bindings/runtime/call.h"

#include <c10/core/Device.h>

namespace hfc::lua {

/// Reads bfloat16 = true or false (the default). On a processor without bfloat16, computing in
/// bfloat16 would be about seven times slower than in float32, so true becomes false, and one line
/// on standard error reports this. The environment variable HFC_BFLOAT16 overrides the detection:
/// "always" forces bfloat16, and "never" treats the processor as if it had no bfloat16.
bool read_bfloat16(Options& options, at::Device device);

/// Reads tf32 = true or false (the default). On a CPU, true becomes false, and one line on standard
/// error reports this.
bool read_tf32(Options& options, at::Device device);

}  // namespace hfc::lua
