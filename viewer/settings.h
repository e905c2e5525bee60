// The command line of hfc-viewer.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace hfc::viewer {

struct Settings {
    std::vector<std::filesystem::path> runs;
    std::filesystem::path picture;   ///< --export: draw all there is, write it, end
    std::filesystem::path new_runs;  ///< --new-runs: show what appears in this folder
    double measured =
        0;  ///< --measure: draw so many seconds without a pause, print what a frame takes, end
    long since = 0;  ///< --since: of the new runs, those not older (seconds since 1970)
    bool detached = false;
    std::optional<int> tab;  ///< to begin with: 0 curves, 1 images, 2 tables, 3 status
    std::optional<bool> dark;
    std::optional<std::pair<int, int>> size;  ///< of the window
    bool microscope = false;                  ///< --microscope: of hfc-host microscope
    bool help = false;                        ///< --keys: begin with the page of keys
};

/// Ends the process where the command line is wrong (status 2), and after --help.
Settings parse_settings(int count, char** arguments);

}  // namespace hfc::viewer
