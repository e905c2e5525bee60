#include "base/machine.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <fstream>

namespace hfc {
namespace {

using testing::Eq;
using testing::Optional;

/// A made-up machine: files below a scratch folder.
class Machine : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) const {
        const auto path = root() / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    const std::filesystem::path& root() const { return folder_.path(); }

  private:
    test::ScratchFolder folder_ = test::ScratchFolder("hfc-machine");
};

TEST_F(Machine, HasNoQuotaWithoutCgroups) {
    EXPECT_EQ(cpu_quota(root()), std::nullopt);
    write("proc/self/cgroup", "nonsense\n0::\n::\n");
    EXPECT_EQ(cpu_quota(root()), std::nullopt);
}

TEST_F(Machine, QuotaOfOneCpuInVersionTwo) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/cpu.max", "100000 100000\n");
    EXPECT_THAT(cpu_quota(root()), Optional(1));
}

TEST_F(Machine, QuotaOfOneCpuInVersionOne) {
    write("proc/self/cgroup", "4:memory:/a\n3:cpu,cpuacct:/a\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "50000\n");
    write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n");
    EXPECT_THAT(cpu_quota(root()), Optional(1));
    write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(cpu_quota(root()), std::nullopt);
}

TEST_F(Machine, TheSmallestQuotaOnTheWayToTheRootHolds) {
    write("proc/self/cgroup", "0::/slurm/job/step\n");
    write("sys/fs/cgroup/slurm/job/step/cpu.max", "max 100000\n");
    write("sys/fs/cgroup/slurm/job/cpu.max", "250000 100000\n");
    write("sys/fs/cgroup/slurm/cpu.max", "800000 100000\n");
    EXPECT_THAT(cpu_quota(root()), Optional(3));  // 2.5 CPUs, rounded up
}

/// A container sees its own cgroup as the root, and in proc the path that it has outside.
TEST_F(Machine, TheContainersOwnLimitsStandAtItsRoot) {
    write("proc/self/cgroup", "5:memory:/docker/4f2a\n2:cpu:/docker/4f2a\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "20000\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n");
    EXPECT_THAT(cpu_quota(root()), Optional(1));
    EXPECT_EQ(memory_limit(root()), 1'000'000U);
}

TEST_F(Machine, QuotasThatAreNone) {
    write("proc/self/cgroup", "0::/\n");
    for (const auto* text : {"", "max 100000", "0 100000", "100000 0", "-5 100000", "x y", "nan 1",
                             "100000", "1e300 1"}) {
        write("sys/fs/cgroup/cpu.max", text);
        EXPECT_EQ(cpu_quota(root()), std::nullopt) << text;
    }
}

TEST_F(Machine, MemoryIsTheMachinesOrTheCgroups) {
    const auto machine = memory_limit(root());
    EXPECT_GT(machine, uint64_t{100} << 20);
    write("proc/self/cgroup", "0::/job\n");
    write("sys/fs/cgroup/job/memory.max", "max\n");
    EXPECT_EQ(memory_limit(root()), machine);
    write("sys/fs/cgroup/memory.max", "2147483648\n");
    EXPECT_EQ(memory_limit(root()), uint64_t{2} << 30);
    write("sys/fs/cgroup/job/memory.max", "1073741824\n");
    EXPECT_EQ(memory_limit(root()), uint64_t{1} << 30);
    // Version 1 writes a number beyond any machine's for "none".
    write("proc/self/cgroup", "9:memory:/job\n");
    write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712\n");
    std::filesystem::remove_all(root() / "sys/fs/cgroup/job");
    std::filesystem::remove(root() / "sys/fs/cgroup/memory.max");
    EXPECT_EQ(memory_limit(root()), machine);
}

TEST_F(Machine, GarbageIsCollectedBeforeTheMemoryIsFull) {
    constexpr int64_t mega = int64_t{1} << 20;
    constexpr int64_t giga = int64_t{1} << 30;
    EXPECT_EQ(next_collection(0, 64 * giga), 512 * mega);
    EXPECT_EQ(next_collection(2 * giga, 64 * giga), 3 * giga);
    EXPECT_EQ(next_collection(20 * giga, 64 * giga), 22 * giga);
    EXPECT_EQ(next_collection(6 * giga, 8 * giga), 7 * giga) << "not all of what the device has";
    EXPECT_EQ(next_collection(0, 256 * mega), 128 * mega);
    EXPECT_EQ(next_collection(900 * mega, giga), (900 + 62) * mega);
    EXPECT_EQ(next_collection(2 * giga, giga), 2 * giga + 32 * mega) << "full, and swapping";
    EXPECT_EQ(next_collection(giga, UINT64_MAX), giga + 512 * mega);
}

TEST_F(Machine, ProcessorsWithBfloat16) {
    EXPECT_FALSE(processor_has_bfloat16(root()));
    write("proc/cpuinfo", "processor : 0\nflags : fpu avx2 avx512f avx512_bf16 vaes\n");
    EXPECT_TRUE(processor_has_bfloat16(root()));
    write("proc/cpuinfo", "flags\t\t: fpu avx2 fma\nbugs : amx_bf16\n");
    EXPECT_FALSE(processor_has_bfloat16(root()));
    write("proc/cpuinfo", "flags\t\t: fpu avx2 amx_bf16\n");
    EXPECT_TRUE(processor_has_bfloat16(root()));
    write("proc/cpuinfo", "Features\t: fp asimd bf16\n");
    EXPECT_TRUE(processor_has_bfloat16(root()));
}

}  // namespace
}  // namespace hfc
