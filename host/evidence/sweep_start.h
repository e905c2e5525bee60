// Prepares a sweep before its first run: the script's plan, the threads and jobs, and the commit.
#pragma once

#include "host/evidence/sweep_directory.h"
#include "host/evidence/sweep_options.h"

namespace hfc::host {

/// Lets the script report its options and their values. Throws CommandExit with the script's
/// message if the script rejects the values, and Error if the script has no options.
evidence::SweepPlan ask_script(const SweepOptions& options);

/// The settings of a new sweep, including its items. Throws like ask_script(), and throws Error if
/// the jobs and threads need more cores than are available.
SweepSettings settings_of(const SweepOptions& options);

/// The number of runs, each with settings.threads threads, that may run at once: at most `wanted`
/// (0: as many as when the sweep started). Throws Error if `wanted` needs more cores than are
/// available.
int jobs_for(const SweepSettings& settings, int wanted);

}  // namespace hfc::host
