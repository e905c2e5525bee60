// A process that waits for the sandboxed process and enforces its limits.
#pragma once

#include <optional>

namespace hfc::sandbox {

/// The exit status after a limit has ended the sandboxed process.
constexpr int limit_status = 3;

struct Limits {
    double seconds = 3600;
    double megabytes = 4096;  ///< resident
};

/// Forks. Returns nothing in the new process, which keeps only the three standard descriptors and
/// is killed if the calling process ends first. The calling process waits and forwards signals. If
/// a limit is reached, it kills the new process and writes a message to standard error. It returns
/// an exit status: the new process's own status, 128 plus the number of the signal that ended it,
/// or limit_status. Because the limits are enforced from outside, code in the new process cannot
/// lift them.
std::optional<int> supervise(const Limits& limits);

}  // namespace hfc::sandbox
