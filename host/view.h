// The viewer beside this program: a process of its own on the run directory.
#pragma once

#include <string>

namespace hfc::host {

/// The viewer beside this program. Throws Error where this build has none.
std::string viewer_program();

/// hfc-host view RUNS...: becomes the viewer, with the arguments behind "view". Throws Error when
/// this build has none.
[[noreturn]] void become_viewer(char** arguments);

/// --view: starts the viewer on `directory`, or, where that is empty, on the runs that will appear
/// in runs/. The script runs all the same when there is no window; why there is none is then said
/// on standard error, by this program or by the viewer.
void start_viewer(const std::string& directory);

}  // namespace hfc::host
