#include "host/sandbox.h"

#include <fmt/format.h>

#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

namespace hfc::host {
namespace {

constexpr auto period = std::chrono::milliseconds(10);

/// Bytes of the process in memory; 0 where the system does not tell.
double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    return statm >> total >> resident ? resident * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

/// Not exit(): the script is still at work on what that would take down.
[[noreturn]] void end(const std::string& reason) {
    if (::ftrylockfile(stdout) == 0) {  // the script may be stuck in a write
        std::fflush(stdout);
    }
    const auto text = fmt::format("hfc-host: the sandbox has ended the script: {}\n", reason);
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    _exit(written < 0 ? 1 : sandbox_status);
}

}  // namespace

void start_limits(double seconds, double megabytes) {
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);  // Ctrl-C and SIGTERM are the script's
    std::thread([=, began = std::chrono::steady_clock::now()] {
        for (;; std::this_thread::sleep_for(period)) {
            if (std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() >
                seconds) {
                end(fmt::format("it has run for {:g} s (--sandbox-seconds)", seconds));
            }
            if (resident_bytes() > megabytes * 1e6) {
                end(fmt::format("it has {:g} MB of memory (--sandbox-memory)", megabytes));
            }
        }
    }).detach();
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace hfc::host
