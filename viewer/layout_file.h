// Keeps the viewer's layout from one session to the next.
#pragma once

#include "viewer/choice.h"

#include <filesystem>

namespace hfc::viewer {

struct Layout {
    /// The epoch, the hidden curves and the typed text are not stored; they belong to a run.
    Choice choice;
    int tab = 0;
    int width = 1280, height = 800;  ///< size of the window
    int side = 250;                  ///< width of the list of curves
};

/// $XDG_STATE_HOME/hfc-host/viewer.json, or ~/.local/state/hfc-host/viewer.json; empty if neither
/// directory is known.
std::filesystem::path layout_path();

/// Returns the contents of the file, or the defaults if it is missing or damaged.
Layout read_layout(const std::filesystem::path& path);

/// Returns false if the file cannot be written.
bool write_layout(const std::filesystem::path& path, const Layout& layout);

}  // namespace hfc::viewer
