// hfc-host report.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: what follows `hfc-host report`. Returns the status to end with. Throws Error, and
/// CommandExit (command_words.h) for a wrong command line and --help.
int report(const std::vector<std::string>& words);

}  // namespace hfc::host
