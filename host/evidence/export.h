// hfc-host export.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: what follows `hfc-host export`. Returns the status to end with. Throws Error, and
/// CommandExit (command_words.h) for a wrong command line and --help.
int export_runs(const std::vector<std::string>& words);

}  // namespace hfc::host
