// The options of hfc's functions that determine the precision of a network's computations.
#pragma once

#include "bindings/runtime/call.h"

#include <c10/core/Device.h>

namespace hfc::lua {

/// Reads bfloat16 = true or false (the default). On a processor that does not support bfloat16,
/// true is treated as false (bfloat16 would be about seven times slower than float32), and one line
/// on standard error reports this. The environment variable HFC_BFLOAT16 overrides the detection:
/// "always" forces bfloat16, and "never" assumes that the processor does not support it.
bool read_bfloat16(Options& options, at::Device device);

/// Reads tf32 = true or false (the default). On a CPU, true is treated as false, and one line on
/// standard error reports this.
bool read_tf32(Options& options, at::Device device);

}  // namespace hfc::lua
