// hfc-host compare.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: what follows `hfc-host compare`. Returns the status to end with. Throws Error, and
/// CommandExit (command_words.h) for a wrong command line and --help.
int compare(const std::vector<std::string>& words);

}  // namespace hfc::host
