// The main loop of a window: its frames and its keys.
#pragma once

#include <filesystem>

struct GLFWwindow;

namespace hfc::viewer {

/// The contents of a window.
class Content {
  public:
    Content() = default;
    virtual ~Content() = default;
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;

    /// Reads new data for about this many seconds at most. Returns true if there is something to
    /// draw.
    virtual bool poll(double seconds) = 0;
    /// Whether there is more to do right away.
    virtual bool more() const = 0;
    /// Draws one frame with ImGui.
    virtual void draw() = 0;
    /// Called when the frame's pixels are complete but not yet shown.
    virtual void drawn() {}
    /// Whether the window should close.
    virtual bool finished() const { return false; }
};

/// Call it before ImGui installs its own callbacks, which then also call the callbacks installed
/// here.
void watch_input(GLFWwindow* window);

/// Whether the key (GLFW_KEY_...) was pressed since the last frame. ImGui checks which keys are
/// down only while it draws, so it would miss a key that is pressed and released between two
/// frames. A key is handled after the mouse events that came before it.
bool pressed(int key);

/// Like pressed(), but false while the user is typing text.
bool shortcut(int key);

/// Draws when something happens, until the window is closed.
void draw_until_closed(GLFWwindow* window, Content& content);

/// Draws until everything has been read, then writes the picture. Returns 1 if the picture cannot
/// be written.
int export_picture(GLFWwindow* window, Content& content, const std::filesystem::path& path);

/// Once everything has been read, draws as fast as possible for this many seconds in each of three
/// cases: nothing happens, the pointer moves over the window, and the wheel zooms. Prints this
/// thread's computing time per frame, without the buffer swap.
void measure_frames(GLFWwindow* window, Content& content, double seconds);

}  // namespace hfc::viewer
