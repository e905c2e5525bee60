// What the host needs to know about the runs of a script.
#pragma once

#include <string>

namespace hfc::lua {

/// The directory of the last run that the script created, or "" if there is none.
const std::string& latest_run_directory();

}  // namespace hfc::lua
