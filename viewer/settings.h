// The command line of hfc-viewer.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace hfc::viewer {

struct Settings {
    std::vector<std::filesystem::path> runs;
    std::filesystem::path picture;   ///< --export: draw everything, write it to this file, and end
    std::filesystem::path new_runs;  ///< --new-runs: show new runs in this directory
    /// --measure: draw for this many seconds without a pause, print the time per frame, and end.
    double measured = 0;
    long since = 0;  ///< --since: only new runs that are not older than this (seconds since 1970)
    bool detached = false;
    std::optional<int> tab;  ///< the first tab to show: 0 curves, 1 images, 2 tables, 3 status
    std::optional<bool> dark;
    std::optional<std::pair<int, int>> size;  ///< size of the window
    bool microscope = false;  ///< --microscope: show the window of hfc-host microscope
    bool help = false;        ///< --keys: start with the list of keys
};

/// Exits if the command line is wrong (with status 2) or after --help.
Settings parse_settings(int count, char** arguments);

}  // namespace hfc::viewer
