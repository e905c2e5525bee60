#include "host/evidence/child.h"

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

namespace hfc::host {
namespace {

constexpr int cannot_start = 127;

/// Runs in the child process, so it uses only calls that are safe after fork().
[[noreturn]] void become_host(const char* program, char* const* arguments, const char* folder,
                              int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {  // the parent died before the line above
        ::_exit(cannot_start);
    }
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    if (folder[0] != '\0' && ::chdir(folder) != 0) {
        ::dprintf(STDERR_FILENO, "hfc-host: cannot change to the directory '%s': %s\n", folder,
                  std::strerror(errno));
        ::_exit(cannot_start);
    }
    ::execv(program, arguments);
    ::dprintf(STDERR_FILENO, "hfc-host: cannot start '%s': %s\n", program, std::strerror(errno));
    ::_exit(cannot_start);
}

}  // namespace

std::string host_program() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto path = (self.parent_path() / HFC_BIN_FOLDER / "hfc-host").lexically_normal();
    require(::access(path.c_str(), X_OK) == 0, "cannot start '{}': {}", path.string(),
            std::strerror(errno));
    return path;
}

pid_t start_child(const ChildOptions& options) {
    const auto program = host_program();
    auto words = options.arguments;
    words.insert(words.begin(), program);
    std::vector<char*> arguments;
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    Descriptor output(
        ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    require(output.open(), "cannot write '{}': {}", options.output.string(), std::strerror(errno));
    // The lock belongs to the open file: the child and the processes that it starts keep the lock.
    require(lock_file(output.get()), "cannot lock '{}': {}", options.output.string(),
            std::strerror(errno));
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) {
        become_host(program.c_str(), arguments.data(), options.folder.c_str(), output.get(),
                    parent);
    }
    require(child > 0, "cannot start '{}': {}", program, std::strerror(errno));
    return child;
}

int exit_status(int status) {
    constexpr int killed_by = 128;
    return WIFEXITED(status) ? WEXITSTATUS(status) : killed_by + WTERMSIG(status);
}

int wait_for_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        require(errno == EINTR, "cannot wait for process {}: {}", child, std::strerror(errno));
    }
    return exit_status(status);
}

bool is_locked(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    return file.open() && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::vector<pid_t> lock_holders(const std::filesystem::path& path) {
    struct stat status = {};
    std::vector<pid_t> holders;
    if (::stat(path.c_str(), &status) != 0) {
        return holders;
    }
    // "1: FLOCK  ADVISORY  WRITE 4711 fe:00:262158 0 EOF"
    const auto inode = ":" + std::to_string(status.st_ino);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::istringstream words(line);
        std::string number, kind, advisory, mode, place;
        pid_t holder = 0;
        words >> number >> kind >> advisory >> mode >> holder >> place;
        if (words && kind == "FLOCK" && place.ends_with(inode)) {
            holders.push_back(holder);
        }
    }
    return holders;
}

}  // namespace hfc::host
