// Passes mouse and key events to frames in the order in which they happened, even if frames are
// slow.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <set>

namespace hfc::viewer {

/// ImGui reads the mouse once per frame. On a busy machine, several clicks can happen within one
/// frame, and ImGui would see only the last position and one click. This queue spreads the events
/// over the frames. Each frame gets key presses, or one button release, or mouse moves followed
/// by at most one button press.
class InputQueue {
  public:
    static constexpr size_t buttons = 3;

    /// The input of one frame.
    struct Frame {
        bool has_position = false;  ///< false until the mouse has moved for the first time
        float x = 0, y = 0;
        std::array<bool, buttons> down = {};
        std::set<int> pressed;  ///< keys that were pressed since the last frame
    };

    void move(double x, double y);
    /// Button numbers >= `buttons` are ignored.
    void button(int button, bool down);
    void press(int key);
    bool empty() const { return events_.empty(); }
    /// Takes the events of the next frame from the queue.
    const Frame& next();

  private:
    enum class Kind { move, button, key };
    struct Event {
        Kind kind;
        float x, y;
        int code;
        bool down;
    };

    void apply(const Event& event);

    /// The number of frames without new input after a click. A menu opened by the click can be
    /// clicked only after these frames.
    static constexpr int rest = 2;

    std::deque<Event> events_;
    Frame frame_;
    int resting_ = 0;
};

}  // namespace hfc::viewer
