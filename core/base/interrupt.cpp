#include "base/interrupt.h"

#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace hfc {
namespace {

// Read by worker threads and written by a signal handler, which may only touch atomics that take no
// lock.
std::atomic<int> requests = 0;
std::atomic<int> last_signal = SIGINT;
std::atomic<void (*)()> on_first = nullptr;
static_assert(decltype(requests)::is_always_lock_free && decltype(on_first)::is_always_lock_free);

void on_interrupt(int signal) {
    const int before = errno;  // of the call that the signal came into
    last_signal = signal;
    // Where nothing runs, at a prompt, nothing would see the request.
    if (requests > 0 || (signal == SIGTERM && on_first.load() == nullptr)) {
        _exit(interrupt_status());
    }
    requests = 1;
    if (const auto callback = on_first.load()) {
        callback();
    }
    constexpr char text[] =
        "\ninterrupted: stopping at the next batch; a second time ends at once\n";
    // A signal handler may only write; a failed write changes nothing.
    [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
    errno = before;
}

}  // namespace

void install_interrupt_handler() {
    struct sigaction action = {};
    action.sa_handler = on_interrupt;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void set_interrupt_callback(void (*callback)()) noexcept {
    on_first = callback;
}

void request_interrupt() noexcept {
    last_signal = SIGINT;
    requests = 1;
}

void clear_interrupt() noexcept {
    requests = 0;
}

bool interrupt_requested() noexcept {
    return requests > 0;
}

int interrupt_status() noexcept {
    constexpr int killed_by = 128;
    return killed_by + last_signal;
}

void check_interrupt() {
    if (interrupt_requested()) {
        throw Interrupted();
    }
}

}  // namespace hfc
