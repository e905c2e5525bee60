// Ctrl-C, SIGTERM and SIGUSR1: the first one asks, the second one ends. Long loops ask at a point
// where all they did is safe.
#pragma once

#include <exception>

namespace hfc {

/// Thrown by check_interrupt() after the user asked to stop.
class Interrupted : public std::exception {
  public:
    const char* what() const noexcept override { return "interrupted"; }
};

/// Takes over SIGINT, SIGTERM and SIGUSR1: the first asks running work to stop at its next batch, a
/// second one ends the process with its status. More of SIGUSR1 change nothing.
void install_interrupt_handler();

/// After so many seconds it is as if SIGUSR1 had come.
void set_time_limit(double seconds);

/// From now on the handler does not say that the work will stop.
void silence_interrupt_message() noexcept;

/// Asks as Ctrl-C does (for tests, and for a host with a prompt of its own).
void request_interrupt() noexcept;

/// Takes the request back, so that new work can begin.
void clear_interrupt() noexcept;

bool interrupt_requested() noexcept;

/// The signal that asked; 0: none.
int requested_signal() noexcept;

/// As if that signal had come, which another process was sent.
void adopt_interrupt(int signal) noexcept;

/// What a process stopped by the request should end with: 130 after Ctrl-C, 143 after SIGTERM, 138
/// after SIGUSR1 and at the time limit.
int interrupt_status() noexcept;

/// Called in the signal handler at the first Ctrl-C (nullptr: nobody); it may do only what is safe
/// there.
void set_interrupt_callback(void (*callback)()) noexcept;

/// Throws Interrupted if the user asked to stop, unless the request is held.
void check_interrupt();

/// While it lives, a request is only remembered: a process that others wait for does not leave
/// alone. They agree on it by interrupt_requested().
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
