// What the viewer remembers from one start to the next.
#pragma once

#include "viewer/choice.h"

#include <filesystem>

namespace hfc::viewer {

struct Layout {
    Choice choice;  ///< without the epoch, what is hidden and what was typed: these belong to a run
    int tab = 0;
    int width = 1280, height = 800;  ///< of the window
    int side = 250;                  ///< width of the list of curves
};

/// $XDG_STATE_HOME/hfc-host/viewer.json, else ~/.local/state/hfc-host/viewer.json; empty where
/// neither is known.
std::filesystem::path layout_path();

/// What the file says; the usual where there is none or where it is damaged.
Layout read_layout(const std::filesystem::path& path);

/// False where it cannot be written.
bool write_layout(const std::filesystem::path& path, const Layout& layout);

}  // namespace hfc::viewer
