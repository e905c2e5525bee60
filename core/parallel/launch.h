// Several processes from the start of the program to its end: whether a launcher has started them,
// the module through which they talk, and how they end together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hfc::parallel {

/// What a launcher's environment says.
struct Launcher {
    std::string name;  ///< "mpirun", "srun"
    int64_t size = 1;  ///< processes; 0: the environment does not say
};

/// Nothing: this process was started by itself.
std::optional<Launcher> find_launcher();

struct LaunchOptions {
    std::string way = "auto";  ///< "auto": as the launcher says; "none", "mpi"
    double timeout = 600;      ///< seconds that a rank waits for the others in one collective
};

/// Makes world() the group of all processes where a launcher has started several or options.way
/// asks for it. Ranks other than 0 write nothing to standard output from then on. Throws Error for
/// an unknown way, without the module, and where the processes cannot talk.
void begin(const LaunchOptions& options);

/// Whether begin() has found other processes.
bool is_begun() noexcept;

/// How many of the cores that this process may use are its own, where ranks share them: at least
/// 1, the same on all ranks. `cores`: for the only process.
int64_t fair_threads(int64_t cores);

/// Before an error is told: if rank 0 has the same, it alone tells it and ends all.
void before_message() noexcept;

/// "hfc-host", or "hfc-host: rank 1" where there are several: how messages begin.
std::string teller();

/// The ranks have agreed on stopping: all come to finish() although their status is not 0.
void agree_to_end() noexcept;

bool has_agreed() noexcept;

/// The last call: waits for the other ranks, or ends them all where this one has failed and the
/// others do not know. Returns the status.
int finish(int status);

}  // namespace hfc::parallel
