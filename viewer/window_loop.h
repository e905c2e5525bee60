// Frame by frame: what a window shows, its keys, and how long it waits.
#pragma once

#include <filesystem>

struct GLFWwindow;

namespace hfc::viewer {

/// What a window shows.
class Content {
  public:
    Content() = default;
    virtual ~Content() = default;
    Content(const Content&) = delete;
    Content& operator=(const Content&) = delete;

    /// Reads what is new, for about so many seconds at most; true when there is something to draw.
    virtual bool poll(double seconds) = 0;
    /// Whether there is more to do at once.
    virtual bool more() const = 0;
    /// One frame, in ImGui.
    virtual void draw() = 0;
    /// Called when the frame's pixels stand and before they are shown.
    virtual void drawn() {}
    /// Whether the window should close.
    virtual bool finished() const { return false; }
};

/// To be called before ImGui takes the window's events: it calls these callbacks too.
void watch_keys(GLFWwindow* window);

/// Whether the key (GLFW_KEY_...) was pressed since the last frame. ImGui asks what is down while
/// it draws, and would miss a key that was let go before.
bool pressed(int key);

/// The same, unless somebody types a text.
bool shortcut(int key);

/// Draws when something happens, until the window is closed.
void draw_until_closed(GLFWwindow* window, Content& content);

/// Draws what there is until it is whole, and writes it. Returns 1 if it cannot be written.
int export_picture(GLFWwindow* window, Content& content, const std::filesystem::path& path);

/// Draws as fast as it goes for so many seconds, once all there is has been read, and prints what a
/// frame takes: the time that this thread computes, without the swap of the buffers; while nothing
/// happens, while the pointer moves over the window, and while the wheel zooms.
void measure_frames(GLFWwindow* window, Content& content, double seconds);

}  // namespace hfc::viewer
