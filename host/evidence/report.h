// hfc-host report.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: the arguments after `hfc-host report`. Returns the exit status. Throws CommandExit
/// (command_words.h) for a wrong command line and for --help, and Error for any other failure.
int report(const std::vector<std::string>& words);

}  // namespace hfc::host
