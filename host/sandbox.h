// --sandbox: restricts an untrusted script, using the code in core/sandbox.
#pragma once

#include "host/command_line.h"

namespace hfc::host {

/// Creates the run directory, and starts a process for the script in the sandbox that the command
/// line selects. Returns in the new process, with `line.out` set to the directory. The calling
/// process waits for the new one and then ends with its status. Throws Error if the command line
/// selects the kernel sandbox but the kernel does not support Landlock.
void enter_sandbox(CommandLine& line);

}  // namespace hfc::host
