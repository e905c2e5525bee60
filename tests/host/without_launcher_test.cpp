// One process: nothing of MPI is there, and options for several are told what they lack.
#include "process.h"

#include <gmock/gmock.h>

namespace hfc::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

TEST(WithoutALauncher, NothingOfMpiIsLoaded) {
    const auto result = run({"-e",
                             "for line in io.lines '/proc/self/maps' do "
                             "assert(not line:find 'libmpi' and not line:find 'parallel_mpi') "
                             "end print(hfc.parallel.size())"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "1\n");
}

TEST(WithoutALauncher, OnlyNormsOfBuiltInNetworksCanBeSynchronised) {
    const auto train = [](const std::string& network) {
        return run({"--threads", "1", "-e",
                    "local nn = torch.nn local d = hfc.data('synthetic', {train = 20, test = 10}) "
                    "hfc.train(" +
                        network +
                        ", d.train, {epochs = 1, batch_size = 10, quiet = true, "
                        "synchronised_norms = true})"});
    };
    const auto own = train(
        "nn.Sequential {nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), "
        "nn.Linear(3600, 10)}");
    EXPECT_EQ(own.status, 1);
    EXPECT_THAT(own.err, HasSubstr("BatchNorm can be synchronised only in built-in networks"));
    EXPECT_EQ(train("hfc.model('preact_resnet8', {batch_norm = true})").status, 0);
}

TEST(WithoutALauncher, WaysThatAreNotThereAreToldInASentence) {
    const auto nccl = run({"--parallel", "nccl", "-e", "print(1)"});
    EXPECT_EQ(nccl.status, 2);
    EXPECT_THAT(nccl.err, HasSubstr("this build has no module for nccl"));
    const auto srun =
        run({"-e", "print(1)"}, {.environment = {"SLURM_STEP_NUM_TASKS=2", "SLURM_PROCID=0"}});
    EXPECT_EQ(srun.status, 2);
    EXPECT_THAT(srun.err, AnyOf(HasSubstr("srun --mpi=pmix"), HasSubstr("tools/setup --mpi")));
}

}  // namespace
}  // namespace hfc::test
