// Runs of hfc-host as child processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// The path of bin/hfc-host in this installation. Throws Error if it is missing.
std::string host_program();

struct ChildOptions {
    std::vector<std::string> arguments;
    std::filesystem::path output;  ///< standard output and error are appended to this file
    std::filesystem::path folder;  ///< working directory; empty means the current one
};

/// Starts hfc-host in its own process group, so that Ctrl-C at the terminal does not reach it. The
/// child is killed when this process dies (PR_SET_PDEATHSIG), and holds a lock on its output file
/// while it is alive. Throws Error if it cannot be started.
pid_t start_child(const ChildOptions& options);

/// Waits for the child. Returns its exit status, or 128 + the signal that ended it.
int wait_for_child(pid_t child);

/// Converts the status from waitpid() to the number that wait_for_child() returns.
int exit_status(int status);

/// Whether another process holds a lock (flock) on the file.
bool is_locked(const std::filesystem::path& path);

/// The processes that hold a lock (flock) on the file; empty if there are none or if they cannot be
/// determined.
std::vector<pid_t> lock_holders(const std::filesystem::path& path);

}  // namespace hfc::host
