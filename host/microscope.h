// hfc-host microscope.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: the arguments after `hfc-host microscope`. Opens the window and answers its requests
/// until it is closed. Returns the window's exit status, which is 0 unless the window could not be
/// opened. Throws CommandExit (evidence/command_words.h) for a wrong command line and for --help,
/// and Error for any other failure.
int microscope(const std::vector<std::string>& words);

}  // namespace hfc::host
