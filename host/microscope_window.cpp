#include "host/microscope_window.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "host/view.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

namespace hfc::host {
namespace {

using microscope::Message;
using microscope::MessageReader;

struct PipeEnds {
    int read, write;
};

PipeEnds make_pipe() {
    std::array<int, 2> ends = {};
    require(::pipe2(ends.data(), O_CLOEXEC) == 0, "cannot create a pipe: {}", std::strerror(errno));
    return {ends[0], ends[1]};
}

}  // namespace

void require_display() {
    const auto is_set = [](const char* name) {
        const char* const value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    require(is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
            "microscope: cannot open a window: neither DISPLAY nor WAYLAND_DISPLAY is set");
}

MicroscopeWindow::MicroscopeWindow() {
    auto program = viewer_program();
    std::string word = "--microscope";
    const std::array<char*, 3> arguments = {program.data(), word.data(), nullptr};
    const auto there = make_pipe(), back = make_pipe();
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, there.read, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, back.write, STDOUT_FILENO);
    const int error =
        ::posix_spawn(&process_, program.c_str(), &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::close(there.read);
    ::close(back.write);
    to_window_ = there.write;
    from_window_ = back.read;
    if (error != 0) {
        close_pipe();
        fail("cannot start '{}': {}", program, std::strerror(error));
    }
    reader_ = std::thread([this] { read(); });
}

MicroscopeWindow::~MicroscopeWindow() {
    wait();
}

void MicroscopeWindow::read() {
    // The main thread handles Ctrl-C.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    MessageReader reader(from_window_);
    while (auto message = reader.next()) {
        const std::lock_guard lock(mutex_);
        request_ = std::move(message);
        changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_one();
}

bool MicroscopeWindow::send(Message message) {
    return to_window_ >= 0 && microscope::write_message(to_window_, std::move(message));
}

std::optional<Message> MicroscopeWindow::newest() {
    constexpr std::chrono::milliseconds pause(100);
    std::unique_lock lock(mutex_);
    while (!request_ && !gone_) {
        changed_.wait_for(lock, pause);
        check_interrupt();
    }
    return gone_ ? std::nullopt : std::exchange(request_, std::nullopt);
}

bool MicroscopeWindow::has_newer() {
    const std::lock_guard lock(mutex_);
    return request_.has_value();
}

void MicroscopeWindow::close_pipe() {
    if (to_window_ >= 0) {
        ::close(to_window_);
        to_window_ = -1;
    }
}

int MicroscopeWindow::wait() {
    close_pipe();  // the window closes when it sees this
    if (reader_.joinable()) {
        reader_.join();
        ::close(from_window_);
    }
    int status = 0;
    if (process_ == 0) {
        return 0;
    }
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    constexpr int killed_by = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : killed_by + WTERMSIG(status);
}

}  // namespace hfc::host
