// What this machine lets the process use: the limits of its cgroup, as containers and batch queues
// set them (both versions of cgroups are read), and how its processor computes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace hfc {

/// CPUs that the process may use by its cgroup's quota, rounded up, at least 1: the smallest quota
/// of its cgroup and the cgroups above it. Nothing without a quota. `root` holds proc/ and sys/.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

/// CPUs that the process may use: those of its affinity mask, within its cgroup's quota. At least
/// 1.
int usable_cpus();

/// Bytes of memory that the process may use: the machine's, or the smallest limit of its cgroup and
/// the cgroups above it. `root` holds proc/ and sys/.
uint64_t memory_limit(const std::filesystem::path& root = "/");

/// How many bytes may be alive before garbage is collected again, where `live` are now and the
/// device has `memory`: half as much again, 512 MiB to 2 GiB more, but at most half of what is
/// left.
int64_t next_collection(int64_t live, uint64_t memory);

/// Whether the processor computes with bfloat16 numbers (AVX512-BF16, AMX or Arm's BF16). One that
/// does not is about seven times slower in bfloat16 than in float32. `root` holds proc/.
bool processor_has_bfloat16(const std::filesystem::path& root = "/");

}  // namespace hfc
