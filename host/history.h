// The history of the prompt: the lines typed in earlier sessions, stored in a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// $XDG_STATE_HOME/hfc-host/history, or ~/.local/state/hfc-host/history; empty if neither directory
/// is known.
std::filesystem::path history_path();

/// Returns the file's last lines, oldest first. A repeated line is listed once, at its last
/// position. If the file has become much longer than this list, its other lines are deleted.
std::vector<std::string> load_history(const std::filesystem::path& path, size_t most);

/// Adds a line to the file immediately, so that a crash does not lose it. Failures are ignored.
void append_history(const std::filesystem::path& path, const std::string& line);

}  // namespace hfc::host
