// The window and its pixels.
#pragma once

#include <filesystem>
#include <functional>

struct GLFWwindow;

namespace hfc::viewer {

struct WindowOptions {
    const char* title = "hfc viewer";
    int width = 1280, height = 800;
    bool visible = true;
};

/// Opens the window, lets `use` work with it and closes it. Returns what `use` returns, or 3 if
/// there is no window; the reason is then on standard error.
int in_window(const WindowOptions& options, const std::function<int(GLFWwindow*)>& use);

/// A rectangle of the window's pixels (left, top, width, height), cut to the window, as a PNG file,
/// or a PPM file by its name. False where it cannot be written. To be called after a frame was
/// drawn and before the buffers are swapped.
bool write_picture(const std::filesystem::path& path, int left, int top, int width, int height);

}  // namespace hfc::viewer
