// Joins the processes of a job and ends them together: detects whether a launcher has started
// several processes, and loads the module through which they communicate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hfc::parallel {

/// The information in a launcher's environment.
struct Launcher {
    std::string name;  ///< "mpirun", "srun"
    int64_t size = 1;  ///< the number of processes; 0 if the environment does not say
};

/// Returns nothing if this process was started without a launcher.
std::optional<Launcher> find_launcher();

struct LaunchOptions {
    std::string way = "auto";  ///< "auto": according to the launcher; "none", "mpi"
    double timeout = 600;      ///< seconds that a rank waits for the others in a collective
};

/// Makes world() the group of all processes if a launcher has started several or options.way
/// requires it. From then on, ranks other than 0 write nothing to standard output. Throws Error if
/// an option is invalid, if the module is missing, or if the processes cannot communicate.
void begin(const LaunchOptions& options);

/// Whether begin() has made a group of processes.
bool is_begun() noexcept;

/// The number of cores that this process should use: at least 1, and the same on all ranks. Cores
/// that are available to several ranks are divided evenly between them. `cores`: the result for a
/// single process.
int64_t fair_threads(int64_t cores);

/// Call it before printing an error. If rank 0 has the same error, only rank 0 prints it and ends
/// all ranks.
void before_message() noexcept;

/// The prefix of messages: "hfc-host", or "hfc-host: rank 1" if there are several processes.
std::string teller();

/// Call it when the ranks have agreed to stop: all ranks then call finish(), although their status
/// is not 0.
void agree_to_end() noexcept;

bool has_agreed() noexcept;

/// Call it last: it waits for the other ranks, or ends all ranks if this rank has failed and the
/// ranks have not agreed to stop. Returns the status.
int finish(int status);

}  // namespace hfc::parallel
