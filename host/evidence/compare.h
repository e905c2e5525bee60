// hfc-host compare.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: the arguments after `hfc-host compare`. Returns the exit status. Throws CommandExit
/// (command_words.h) for a wrong command line and for --help, and Error for any other failure.
int compare(const std::vector<std::string>& words);

}  // namespace hfc::host
