// Starts the viewer, a separate program that shows run directories.
#pragma once

#include <string>

namespace hfc::host {

/// The path of the viewer's program. Throws Error if this build has no viewer.
std::string viewer_program();

/// hfc-host view RUNS...: replaces this process with the viewer, which gets the arguments after
/// "view". Throws Error if this build has no viewer.
[[noreturn]] void become_viewer(char** arguments);

/// --view: starts the viewer on `directory` or, if that is empty, on the runs that will appear in
/// runs/. If no window can be opened, the script runs anyway, and this program or the viewer prints
/// the reason on standard error.
void start_viewer(const std::string& directory);

}  // namespace hfc::host
