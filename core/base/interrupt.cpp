#include "base/interrupt.h"

#include <sys/time.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>

namespace hfc {
namespace {

// Read by worker threads and written by a signal handler, which may only use lock-free atomics.
std::atomic<int> requests = 0;
std::atomic<int> last_signal = SIGINT;
std::atomic<void (*)()> on_first = nullptr;
std::atomic<int> held = 0;
std::atomic<bool> tells = true;
static_assert(decltype(requests)::is_always_lock_free && decltype(on_first)::is_always_lock_free);

void on_interrupt(int signal) {
    const int before = errno;  // of the call that the signal interrupted
    // Batch systems send SIGUSR1 more than once.
    const bool gentle = signal == SIGUSR1 || signal == SIGALRM;
    if (gentle && requests > 0) {
        return;
    }
    last_signal = gentle ? SIGUSR1 : signal;
    // If nothing is running (for example, at a prompt), nothing would react to the request.
    if (requests > 0 || (signal != SIGINT && on_first.load() == nullptr)) {
        _exit(interrupt_status());
    }
    requests = 1;
    if (const auto callback = on_first.load(); callback != nullptr && held == 0) {
        callback();
    }
    if (!tells) {
        errno = before;
        return;
    }
    constexpr char text[] =
        "\ninterrupted: stopping at the next batch; interrupt again to stop immediately\n";
    // write() is safe in a signal handler; it does not matter if it fails.
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
    sigaction(SIGUSR1, &action, nullptr);
    sigaction(SIGALRM, &action, nullptr);
}

void set_time_limit(double seconds) {
    double whole = 0;
    const double rest = std::modf(seconds, &whole);
    itimerval timer = {};
    timer.it_value.tv_sec = static_cast<time_t>(whole);
    timer.it_value.tv_usec = static_cast<suseconds_t>(rest * 1e6);
    setitimer(ITIMER_REAL, &timer, nullptr);
}

void silence_interrupt_message() noexcept {
    tells = false;
}

void set_interrupt_callback(void (*callback)()) noexcept {
    on_first = callback;
}

void request_interrupt() noexcept {
    adopt_interrupt(SIGINT);
}

int requested_signal() noexcept {
    return requests > 0 ? last_signal.load() : 0;
}

void adopt_interrupt(int signal) noexcept {
    last_signal = signal;
    requests = 1;
}

HeldInterrupts::HeldInterrupts(bool holds) : holds_(holds) {
    held += holds_ ? 1 : 0;
}

HeldInterrupts::~HeldInterrupts() {
    held -= holds_ ? 1 : 0;
    if (const auto callback = on_first.load(); holds_ && requests > 0 && callback != nullptr) {
        callback();
    }
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
    if (interrupt_requested() && held == 0) {
        throw Interrupted();
    }
}

}  // namespace hfc
