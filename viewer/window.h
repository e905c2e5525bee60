// The window, its keys and its pixels.
#pragma once

#include "viewer/settings.h"

#include <filesystem>

namespace hfc::viewer {

/// Opens the window and draws until it is closed. Returns the process's status: 0, 1 where a
/// picture cannot be written, 3 without a window.
int show_window(const Settings& settings);

/// Whether the key (GLFW_KEY_...) was pressed since the last frame. ImGui asks what is down while
/// it draws, and would miss a key that was let go before.
bool pressed(int key);

/// A rectangle of the window's pixels (left, top, width, height), cut to the window, as a PNG file,
/// or a PPM file by its name. False where it cannot be written. To be called after a frame was
/// drawn and before the buffers are swapped.
bool write_picture(const std::filesystem::path& path, int left, int top, int width, int height);

}  // namespace hfc::viewer
