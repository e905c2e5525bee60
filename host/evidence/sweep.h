// hfc-host sweep.
#pragma once

#include "host/evidence/sweep_options.h"

namespace hfc::host {

/// Returns the status to end with. Throws Error.
int sweep(const SweepOptions& options);

}  // namespace hfc::host
