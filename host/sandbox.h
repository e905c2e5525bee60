// --sandbox: who keeps an untrusted script where it belongs, made of the parts in core/sandbox.
#pragma once

#include "host/command_line.h"

namespace hfc::host {

/// Creates the run directory and a process in which the script is to run, in the sandbox that the
/// line asks for. Returns in that process, with `line.out` naming the directory. The calling
/// process waits for the other one and then ends with its status. Throws Error if the line asks for
/// the kernel's sandbox and the kernel has no Landlock.
void enter_sandbox(CommandLine& line);

}  // namespace hfc::host
