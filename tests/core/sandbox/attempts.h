// What native code may try to get out of the sandbox, each by one call.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace hfc::test {

struct Attempt {
    std::string name;
    std::function<long()> act;  ///< -1, with errno, where it failed
};

/// On files below `folder` (outside/file, which is out of reach, and readable/file, which may be
/// read), on the system's and on a process `neighbour`.
std::vector<Attempt> attempts(const std::filesystem::path& folder, pid_t neighbour);

/// Tries all; writes a line "THREAD NAME ERRNO" each to a descriptor, with 0 where one succeeded.
void report_attempts(const char* thread, const std::vector<Attempt>& attempts, int descriptor);

}  // namespace hfc::test
