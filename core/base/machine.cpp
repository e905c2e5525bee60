#include "base/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace hfc {
namespace {

namespace fs = std::filesystem;

/// Calls visit(directory) for the process's cgroup of a controller ("cpu", "memory") and for each
/// cgroup above it. In a container, sys/fs/cgroup may already be the process's own cgroup, while
/// proc/self/cgroup still contains its path outside the container. Missing directories are
/// therefore skipped.
template <typename Visit>
void visit_cgroups(const fs::path& root, const std::string& controller, Visit&& visit) {
    std::ifstream lines(root / "proc/self/cgroup");
    for (std::string line; std::getline(lines, line);) {
        // "4:cpu,cpuacct:/user" in version 1, "0::/user" in version 2
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const auto controllers = line.substr(first + 1, second - first - 1);
        const auto listed = "," + controllers + ",";
        if (!controllers.empty() && listed.find("," + controller + ",") == std::string::npos) {
            continue;
        }
        auto path = fs::path(line.substr(second + 1)).relative_path();
        const auto mount = root / "sys/fs/cgroup";
        for (const auto& folder : {mount, mount / controllers, mount / controller}) {
            for (auto below = path;; below = below.parent_path()) {
                visit(folder / below);
                if (below.empty()) {
                    break;
                }
            }
        }
    }
}

/// The first `count` words of a file; empty if it has fewer.
std::vector<std::string> words_of(const fs::path& path, size_t count) {
    std::ifstream file(path);
    std::vector<std::string> words(count);
    for (auto& word : words) {
        if (!(file >> word)) {
            return {};
        }
    }
    return words;
}

/// The word as a number above 0; nothing for "max", -1 or anything that is not a number.
std::optional<double> positive(const std::string& word) {
    std::istringstream text(word);
    double value = 0;
    return (text >> value) && value > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<int> cpu_quota(const fs::path& root) {
    auto least = std::numeric_limits<double>::infinity();
    visit_cgroups(root, "cpu", [&](const fs::path& folder) {
        auto limit = words_of(folder / "cpu.max", 2);
        if (limit.empty()) {
            const auto quota = words_of(folder / "cpu.cfs_quota_us", 1);
            const auto period = words_of(folder / "cpu.cfs_period_us", 1);
            if (quota.empty() || period.empty()) {
                return;
            }
            limit = {quota[0], period[0]};
        }
        const auto quota = positive(limit[0]);
        const auto period = positive(limit[1]);
        if (quota && period) {
            least = std::min(least, *quota / *period);
        }
    });
    constexpr double most_cpus = 1 << 20;
    return least <= most_cpus ? std::optional(std::max(1, static_cast<int>(std::ceil(least))))
                              : std::nullopt;
}

int usable_cpus() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    const bool known = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    const auto online = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
    const int count = known ? CPU_COUNT(&allowed) : online;
    return std::max(1, std::min(count, cpu_quota().value_or(count)));
}

uint64_t memory_limit(const fs::path& root) {
    auto least = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                 static_cast<double>(::sysconf(_SC_PAGESIZE));
    visit_cgroups(root, "memory", [&](const fs::path& folder) {
        for (const auto* name : {"memory.max", "memory.limit_in_bytes"}) {
            const auto limit = words_of(folder / name, 1);
            if (const auto bytes = limit.empty() ? std::nullopt : positive(limit[0])) {
                least = std::min(least, *bytes);
            }
        }
    });
    return static_cast<uint64_t>(least);
}

int64_t next_collection(int64_t live, uint64_t memory) {
    constexpr int64_t megabyte = int64_t{1} << 20;
    const int64_t more = std::clamp(live / 2, 512 * megabyte, 2048 * megabyte);
    const auto all = static_cast<int64_t>(std::min<uint64_t>(memory, INT64_MAX));
    // At least 32 MiB between collections, even if no memory is left; otherwise, every tensor would
    // trigger a collection.
    return live + std::min(more, std::max((all - live) / 2, 32 * megabyte));
}

bool processor_has_bfloat16(const fs::path& root) {
    std::ifstream lines(root / "proc/cpuinfo");
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("flags") && !line.starts_with("Features")) {
            continue;
        }
        std::istringstream words(line);
        for (std::string word; words >> word;) {
            if (word == "avx512_bf16" || word == "amx_bf16" || word == "bf16") {
                return true;
            }
        }
        return false;
    }
    return false;
}

}  // namespace hfc
