// Ctrl-C, SIGTERM and SIGUSR1: the first signal asks running work to stop, and the second one ends
// the process. Long loops check for a request at points where stopping loses no work.
#pragma once

#include <exception>

namespace hfc {

/// Thrown by check_interrupt() after the user asked to stop.
class Interrupted : public std::exception {
  public:
    const char* what() const noexcept override { return "interrupted"; }
};

/// Handles SIGINT, SIGTERM and SIGUSR1. The first signal asks running work to stop at its next
/// batch. A second one ends the process immediately with interrupt_status(), unless it is SIGUSR1,
/// which is then ignored.
void install_interrupt_handler();

/// After this time, the process behaves as if it had received SIGUSR1.
void set_time_limit(double seconds);

/// From now on, the handler does not print its message that work is stopping.
void silence_interrupt_message() noexcept;

/// Makes the same request as Ctrl-C (for tests, and for a host with its own prompt).
void request_interrupt() noexcept;

/// Withdraws the request, so that new work can start.
void clear_interrupt() noexcept;

bool interrupt_requested() noexcept;

/// The signal that made the request, or 0 if there is no request.
int requested_signal() noexcept;

/// Treats a signal that another process received as if this process had received it.
void adopt_interrupt(int signal) noexcept;

/// The exit status of a process that the request stopped: 130 after Ctrl-C, 143 after SIGTERM, and
/// 138 after SIGUSR1 and at the time limit.
int interrupt_status() noexcept;

/// Sets the function that the handler calls at the first signal; nullptr removes it. The function
/// may call only async-signal-safe functions.
void set_interrupt_callback(void (*callback)()) noexcept;

/// Throws Interrupted if the user asked to stop, unless HeldInterrupts is holding requests back.
void check_interrupt();

/// While this object exists, a request to stop has no effect, because a process must not stop while
/// others wait for it. The processes use requested_signal() and adopt_interrupt()
/// to agree on when to stop.
class HeldInterrupts {
  public:
    explicit HeldInterrupts(bool holds);
    ~HeldInterrupts();
    HeldInterrupts(const HeldInterrupts&) = delete;
    HeldInterrupts& operator=(const HeldInterrupts&) = delete;

  private:
    bool holds_;
};

}  // namespace hfc
