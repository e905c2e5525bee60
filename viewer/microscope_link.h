// The pipe from the microscope's window to the host.
#pragma once

#include "microscope/message.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace hfc::viewer {

class MicroscopeLink {
  public:
    /// Reads from one descriptor and writes to the other. notify: called from another thread when a
    /// message has arrived.
    MicroscopeLink(int from_host, int to_host, std::function<void()> notify);
    MicroscopeLink(const MicroscopeLink&) = delete;
    MicroscopeLink& operator=(const MicroscopeLink&) = delete;
    ~MicroscopeLink() = default;

    void ask(microscope::Message request);
    /// The messages that have arrived since the last call.
    std::vector<microscope::Message> news();
    /// Whether the host is gone.
    bool gone() const { return shared_->gone; }

  private:
    /// Shared with the thread that waits for the host, because that thread may outlive this object.
    struct Shared {
        std::mutex mutex;
        std::vector<microscope::Message> news;
        std::atomic<bool> gone = false;
    };
    int to_host_;
    std::shared_ptr<Shared> shared_;
};

}  // namespace hfc::viewer
