#include "base/interrupt.h"

#include <unistd.h>
#include <atomic>
#include <csignal>

namespace hfc {
namespace {

volatile std::sig_atomic_t requests = 0;
volatile std::sig_atomic_t last_signal = SIGINT;
std::atomic<void (*)()> on_first = nullptr;

void on_interrupt(int signal) {
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
