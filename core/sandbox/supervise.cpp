#include "sandbox/supervise.h"

#include "base/error.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace hfc::sandbox {
namespace {

constexpr timespec period = {0, 10'000'000};
constexpr int handed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

/// The resident memory of a process, in bytes; 0 if it cannot be read.
double resident_bytes(pid_t process) {
    std::ifstream statm(fmt::format("/proc/{}/statm", process));
    double total = 0;
    double resident = 0;
    return statm >> total >> resident ? resident * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

class Watch {
  public:
    Watch(pid_t process, const Limits& limits, const sigset_t& signals)
        : process_(process), limits_(limits), signals_(signals) {}

    /// Returns the status from waitpid(), or nothing if a limit ended the process.
    std::optional<int> wait() {
        for (;;) {
            siginfo_t signal = {};
            const int number = ::sigtimedwait(&signals_, &signal, &period);
            int status = 0;
            if (::waitpid(process_, &status, WNOHANG) == process_) {
                return status;
            }
            // Ctrl-C at a terminal has already reached both processes.
            if (number > 0 && number != SIGCHLD && signal.si_code != SI_KERNEL) {
                ::kill(process_, number);
            }
            if (const auto reason = limit_reached(); !reason.empty()) {
                end(reason);
                return std::nullopt;
            }
        }
    }

  private:
    std::string limit_reached() const {
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began_;
        if (time.count() > limits_.seconds) {
            return fmt::format("it ran for more than {:g} s (--sandbox-seconds)", limits_.seconds);
        }
        if (resident_bytes(process_) > limits_.megabytes * 1e6) {
            return fmt::format("it used more than {:g} MB of memory (--sandbox-memory)",
                               limits_.megabytes);
        }
        return "";
    }

    void end(const std::string& reason) const {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        std::fprintf(stderr, "hfc-host: the sandbox stopped the script: %s\n", reason.c_str());
    }

    pid_t process_;
    Limits limits_;
    sigset_t signals_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

void become_watched(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        _exit(1);  // the parent ended before that call
    }
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    // Line-buffered, so that no printed lines are lost when a limit kills the process.
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
}

}  // namespace

std::optional<int> supervise(const Limits& limits) {
    sigset_t signals, before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    for (const int signal : handed_on) {
        sigaddset(&signals, signal);
    }
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    std::fflush(stdout);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    require(process >= 0, "the sandbox cannot be set up: fork: {}", std::strerror(errno));
    if (process == 0) {
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        become_watched(parent);
        return std::nullopt;
    }
    const auto status = Watch(process, limits, signals).wait();
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (status && WIFSIGNALED(*status)) {
        std::fprintf(stderr, "hfc-host: the script's process was killed by signal %d (%s)\n",
                     WTERMSIG(*status), ::strsignal(WTERMSIG(*status)));
        return 128 + WTERMSIG(*status);
    }
    return status ? WEXITSTATUS(*status) : limit_status;
}

}  // namespace hfc::sandbox
