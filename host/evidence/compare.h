// hfc-host compare.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: the arguments after `hfc-host compare`. Returns the exit status. Throws Error, and
/// CommandExit (command_words.h) for a wrong command line and for --help.
int compare(const std::vector<std::string>& words);

}  // namespace hfc::host
