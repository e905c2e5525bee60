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

/// Opens the window, calls `use` with it and closes it. Returns the result of `use`, or 3 if no
/// window can be opened; the reason is then printed on standard error.
int in_window(const WindowOptions& options, const std::function<int(GLFWwindow*)>& use);

/// Writes a rectangle of the window's pixels (left, top, width, height), clipped to the window, as
/// a PNG or PPM file, depending on the name. Returns false if the file cannot be written. Call it
/// after a frame has been drawn and before the buffers are swapped.
bool write_picture(const std::filesystem::path& path, int left, int top, int width, int height);

}  // namespace hfc::viewer
