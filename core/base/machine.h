// The CPUs and the memory that the process may use, and the capabilities of the processor.
// Containers and batch queues set limits with cgroups; both versions of cgroups are supported.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace hfc {

/// The number of CPUs allowed by the quotas of the process's cgroup and of the cgroups above it,
/// rounded up, at least 1. Returns nothing if there is no quota. `root` contains proc/ and sys/.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

/// The number of CPUs that the process may use: those in its affinity mask, within the quota of its
/// cgroup. At least 1.
int usable_cpus();

/// The amount of memory, in bytes, that the process may use: the machine's memory or, if smaller,
/// the lowest limit of the process's cgroup and the cgroups above it. `root` contains proc/ and
/// sys/.
uint64_t memory_limit(const std::filesystem::path& root = "/");

/// Returns the number of live bytes at which the next garbage collection starts. `live` is the
/// current number of live bytes, and `memory` is the memory of the device. The result is
/// `live` plus a margin: live / 2, clamped to 512 MiB .. 2 GiB, but at most half of the remaining
/// memory (or 32 MiB, if that is more).
int64_t next_collection(int64_t live, uint64_t memory);

/// Whether the processor has bfloat16 instructions (AVX512-BF16, AMX or Arm's BF16). Other
/// processors are about seven times slower in bfloat16 than in float32. `root` contains proc/.
bool processor_has_bfloat16(const std::filesystem::path& root = "/");

}  // namespace hfc
