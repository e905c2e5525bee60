// What the host needs to know about the runs of a script.
#pragma once

#include <string>

namespace hfc::lua {

/// The directory of the run that the script made last, or "" if it has made none.
const std::string& latest_run_directory();

}  // namespace hfc::lua
