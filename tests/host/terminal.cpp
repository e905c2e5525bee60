#include "terminal.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

namespace hfc::test {

Terminal::Terminal(const std::filesystem::path& state_home,
                   const std::vector<std::string>& arguments) {
    process_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (process_ == 0) {
        ::setenv("XDG_STATE_HOME", state_home.c_str(), 1);
        ::setenv("TERM", "xterm", 1);
        ::setenv("OMP_NUM_THREADS", "1", 1);
        std::vector<char*> argv = {const_cast<char*>(HFC_HOST)};
        for (const auto& argument : arguments) {
            argv.push_back(const_cast<char*>(argument.c_str()));
        }
        argv.push_back(nullptr);
        ::execv(HFC_HOST, argv.data());
        ::_exit(127);
    }
    ::fcntl(terminal_, F_SETFL, ::fcntl(terminal_, F_GETFL) | O_NONBLOCK);
}

Terminal::~Terminal() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    ::close(terminal_);
}

void Terminal::type(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (size_t typed = 0; typed < text.size();) {
        const auto count = ::write(terminal_, text.data() + typed, text.size() - typed);
        typed += count > 0 ? static_cast<size_t>(count) : 0;
        pollfd ready = {terminal_, POLLIN | POLLOUT, 0};
        ::poll(&ready, 1, 100);
        if (!read_shown(0) || std::chrono::steady_clock::now() > end) {
            ADD_FAILURE() << "only " << typed << " of " << text.size() << " bytes could be typed";
            return;
        }
    }
}

bool Terminal::read_shown(int wait_ms) {
    pollfd ready = {terminal_, POLLIN, 0};
    char buffer[65536];
    if (::poll(&ready, 1, wait_ms) <= 0) {
        return true;
    }
    const auto count = ::read(terminal_, buffer, sizeof buffer);
    if (count > 0) {
        shown_.append(buffer, static_cast<size_t>(count));
        // What switches the bracketing of pastes shows nothing.
        for (const char* unseen : {"\x1b[?2004h", "\x1b[?2004l"}) {
            for (size_t found = shown_.find(unseen); found != std::string::npos;
                 found = shown_.find(unseen)) {
                shown_.erase(found, 8);
            }
        }
    }
    return count > 0 || (count < 0 && errno == EAGAIN);
}

void Terminal::wait_for(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    size_t found = shown_.find(text);
    for (; found == std::string::npos; found = shown_.find(text)) {
        if (!read_shown(100) || std::chrono::steady_clock::now() > end) {
            ADD_FAILURE() << "waited for '" << text << "', was shown: " << shown_;
            return;
        }
    }
    shown_.erase(0, found + text.size());
}

void Terminal::resize(unsigned short columns, unsigned short rows) const {
    const winsize size = {rows, columns, 0, 0};
    EXPECT_EQ(::ioctl(terminal_, TIOCSWINSZ, &size), 0);
}

void Terminal::signal(int number) const {
    ::kill(process_, number);
}

int Terminal::exit_status() {
    int status = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (::waitpid(process_, &status, WNOHANG) == 0) {
        if (!read_shown(10)) {
            ::usleep(10'000);
        }
        if (std::chrono::steady_clock::now() > end) {
            ADD_FAILURE() << "it does not end; was shown: " << shown_;
            return -1;
        }
    }
    process_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace hfc::test
