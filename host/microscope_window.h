// The window of the microscope as a child process: hfc-viewer --microscope.
#pragma once

#include "microscope/message.h"

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace hfc::host {

/// Throws Error if no display is set. Call it before a network is loaded.
void require_display();

/// This process ends when the window closes, and the window closes when this process ends: each
/// process notices when the other end of the pipe is closed.
class MicroscopeWindow {
  public:
    /// Starts the process. Throws Error if that fails.
    MicroscopeWindow();
    ~MicroscopeWindow();
    MicroscopeWindow(const MicroscopeWindow&) = delete;
    MicroscopeWindow& operator=(const MicroscopeWindow&) = delete;

    /// Returns false once the window is gone.
    bool send(microscope::Message message);
    /// Waits for a request and returns the newest one, or nothing once the window is gone. Throws
    /// Interrupted after Ctrl-C.
    std::optional<microscope::Message> newest();
    bool has_newer();
    /// The time that the last answer took, in milliseconds.
    double last_answer_took() const { return took_; }
    void answer_took(double milliseconds) { took_ = milliseconds; }
    /// Closes the pipe and waits for the process; returns its exit status.
    int wait();

  private:
    void read();
    void close_pipe();

    int to_window_ = -1, from_window_ = -1;
    pid_t process_ = 0;
    double took_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<microscope::Message> request_;
    bool gone_ = false;
    std::thread reader_;
};

}  // namespace hfc::host
