// The limits of --sandbox: a process that exceeds one is ended, whatever it is doing.
#pragma once

namespace hfc::host {

/// What the process ends with when the sandbox ends it.
constexpr int sandbox_status = 3;

/// Ends the process, with a sentence on standard error, once it has run for that long or has that
/// much memory.
void start_limits(double seconds, double megabytes);

}  // namespace hfc::host
