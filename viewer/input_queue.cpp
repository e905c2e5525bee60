#include "viewer/input_queue.h"

namespace hfc::viewer {

void InputQueue::move(double x, double y) {
    const Event event = {Kind::move, static_cast<float>(x), static_cast<float>(y), 0, false};
    if (!events_.empty() && events_.back().kind == Kind::move) {
        events_.back() = event;
    } else {
        events_.push_back(event);
    }
}

void InputQueue::button(int button, bool down) {
    if (button >= 0 && static_cast<size_t>(button) < buttons) {
        events_.push_back({Kind::button, 0, 0, button, down});
    }
}

void InputQueue::press(int key) {
    events_.push_back({Kind::key, 0, 0, key, true});
}

void InputQueue::apply(const Event& event) {
    switch (event.kind) {
        case Kind::move:
            frame_.has_position = true;
            frame_.x = event.x;
            frame_.y = event.y;
            break;
        case Kind::button:
            frame_.down[static_cast<size_t>(event.code)] = event.down;
            break;
        case Kind::key:
            frame_.pressed.insert(event.code);
            break;
    }
}

const InputQueue::Frame& InputQueue::next() {
    frame_.pressed.clear();
    if (resting_ > 0) {
        --resting_;
        return frame_;
    }
    bool moved = false;
    while (!events_.empty()) {
        const auto event = events_.front();
        const bool is_key = event.kind == Kind::key;
        // The window handles keys before the mouse, so a key after the mouse needs its own frame.
        // So does the release of a button, because ImGui drags only while the button is down.
        const bool is_release = event.kind == Kind::button && !event.down;
        if (is_key ? moved || frame_.pressed.contains(event.code)
                   : !frame_.pressed.empty() || (moved && is_release)) {
            break;
        }
        events_.pop_front();
        apply(event);
        moved = !is_key;
        if (event.kind == Kind::button) {
            resting_ = is_release ? rest : 0;
            break;
        }
    }
    return frame_;
}

}  // namespace hfc::viewer
