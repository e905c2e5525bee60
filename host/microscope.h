// hfc-host microscope.
#pragma once

#include <string>
#include <vector>

namespace hfc::host {

/// words: what follows `hfc-host microscope`. Opens the window and answers it until it is closed.
/// Returns the status to end with: 0, or the window's where it could not be opened. Throws Error,
/// and CommandExit (evidence/command_words.h) for a wrong command line and --help.
int microscope(const std::vector<std::string>& words);

}  // namespace hfc::host
