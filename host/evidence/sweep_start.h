// Prepares a sweep before its first run: the plan of the script, threads and jobs, the commit.
#pragma once

#include "host/evidence/sweep_directory.h"
#include "host/evidence/sweep_options.h"

namespace hfc::host {

/// Lets the script report its options and their values. Throws CommandExit with the script's
/// message if the script rejects the values, and Error if the script has no options.
evidence::SweepPlan ask_script(const SweepOptions& options);

/// The settings of a new sweep, including its items. Throws as ask_script() does, and Error if jobs
/// and threads need more cores than there are.
SweepSettings settings_of(const SweepOptions& options);

/// The number of runs with this many threads that may run at once: at most `wanted` (0: as many as
/// when the sweep started). Throws Error if `wanted` needs more cores than there are.
int jobs_for(const SweepSettings& settings, int wanted);

}  // namespace hfc::host
