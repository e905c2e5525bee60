// hfc-host sweep.
#pragma once

#include "host/evidence/sweep_options.h"

namespace hfc::host {

/// Returns the exit status. Throws Error.
int sweep(const SweepOptions& options);

}  // namespace hfc::host
