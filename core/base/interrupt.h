// Ctrl-C and SIGTERM: the first one asks, the second one ends. Long loops ask at a point where all
// they did is safe.
#pragma once

#include <exception>

namespace hfc {

/// Thrown by check_interrupt() after the user asked to stop.
class Interrupted : public std::exception {
  public:
    const char* what() const noexcept override { return "interrupted"; }
};

/// Takes over SIGINT and SIGTERM: the first asks running work to stop at its next batch, the second
/// ends the process with its status.
void install_interrupt_handler();

/// Asks as Ctrl-C does (for tests, and for a host with a prompt of its own).
void request_interrupt() noexcept;

/// Takes the request back, so that new work can begin.
void clear_interrupt() noexcept;

bool interrupt_requested() noexcept;

/// What a process stopped by the request should end with: 130 after Ctrl-C, 143 after SIGTERM.
int interrupt_status() noexcept;

/// Called in the signal handler at the first Ctrl-C (nullptr: nobody); it may do only what is safe
/// there.
void set_interrupt_callback(void (*callback)()) noexcept;

/// Throws Interrupted if the user asked to stop.
void check_interrupt();

}  // namespace hfc
