// What a sweep needs before its first run: the plan of the script, threads and jobs, the commit.
#pragma once

#include "host/evidence/sweep_directory.h"
#include "host/evidence/sweep_options.h"

namespace hfc::host {

/// Asks the script which of its options were given which values. Throws CommandExit with what the
/// script says where it refuses them, and Error where it has no options.
evidence::SweepPlan ask_script(const SweepOptions& options);

/// The settings of a new sweep, with its items. Throws as ask_script() does, and Error where jobs
/// and threads need more cores than there are.
SweepSettings settings_of(const SweepOptions& options);

/// How many runs of so many threads may be at work here: at most `wanted` (0: as the sweep began).
/// Throws Error where `wanted` needs more cores than there are.
int jobs_for(const SweepSettings& settings, int wanted);

}  // namespace hfc::host
