// The lines typed at earlier prompts, in a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// $XDG_STATE_HOME/hfc-host/history, else below ~/.local/state; empty where neither is known.
std::filesystem::path history_path();

/// The file's last lines, oldest first, each once, at its last place. A file that has grown far
/// beyond that is written anew.
std::vector<std::string> load_history(const std::filesystem::path& path, size_t most);

/// Adds a line to the file at once, so that a crash does not lose it; a history that cannot be
/// written does not stop the work.
void append_history(const std::filesystem::path& path, const std::string& line);

}  // namespace hfc::host
