// Runs of hfc-host as child processes.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::host {

/// bin/hfc-host of this installation. Throws Error where it is missing.
std::string host_program();

struct ChildOptions {
    std::vector<std::string> arguments;
    std::filesystem::path output;  ///< standard output and error are appended to this file
    std::filesystem::path folder;  ///< working directory; empty: this one
};

/// Starts hfc-host in a process group of its own, so that Ctrl-C at the terminal does not reach it.
/// It dies with this process (PR_SET_PDEATHSIG) and holds a lock on its output file for as long as
/// it lives. Throws Error if it cannot be started.
pid_t start_child(const ChildOptions& options);

/// Waits for the child. Returns its exit status, or 128 + the signal that ended it.
int wait_for_child(pid_t child);

/// The status that waitpid() gave as one number, as wait_for_child() returns it.
int exit_status(int status);

/// Whether another process holds a lock (flock) on the file.
bool is_locked(const std::filesystem::path& path);

/// The processes that hold a lock (flock) on the file; none where nobody does, or nobody knows.
std::vector<pid_t> lock_holders(const std::filesystem::path& path);

}  // namespace hfc::host
