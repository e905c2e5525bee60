// A sweep that several processes share: tasks of a Slurm array, as their environment tells them.
#include "sweep_scripts.h"

#include <chrono>
#include <csignal>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

class SharedSweep : public testing::Test {
  protected:
    Result sweep(const Words& words, const ProcessOptions& options = {}) const {
        return run(Words{"sweep"} + words, options);
    }

    /// The task of an array of `count`, whose numbers begin at 3.
    static ProcessOptions task(int index, int count) {
        return {.environment = {"SLURM_ARRAY_TASK_ID=" + std::to_string(3 + index),
                                "SLURM_ARRAY_TASK_MIN=3",
                                "SLURM_ARRAY_TASK_COUNT=" + std::to_string(count)}};
    }

    ScratchFolder scratch_;
    const std::string script_ = scratch_.write("tiny.lua", sweep_script);
    const std::string alone_ = (scratch_.path() / "alone").string();
    const std::string shared_ = (scratch_.path() / "shared").string();
};

TEST_F(SharedSweep, JoinsToTheTablesOfASweepOfOneProcess) {
    const Words what = {script_, "--seeds", "2", "--lr", "1e-3,1e-2", "--threads", "1"};
    ASSERT_EQ(sweep(what + Words{"--out", alone_}).status, 0);
    const auto made = sweep(what + Words{"--out", shared_, "--slurm"});
    ASSERT_EQ(made.status, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("submit them with: sbatch '" + shared_ + "/array.sh'"));
    const auto batch = read_text(fs::path(shared_) / "array.sh");
    EXPECT_THAT(
        batch, AllOf(HasSubstr("#SBATCH --array=0-3\n"), HasSubstr("#SBATCH --signal=B:USR1@120\n"),
                     HasSubstr("sweep --share '" + shared_ + "'")));
    // Two tasks for four runs, at the same time.
    std::thread other([&] {
        const auto result = sweep({"--share", shared_}, task(1, 2));
        EXPECT_EQ(result.status, 0) << result.err << result.out;
        EXPECT_THAT(result.out, HasSubstr("share 1-of-2 finished"));
    });
    const auto first = sweep({"--share", shared_}, task(0, 2));
    other.join();
    EXPECT_EQ(first.status, 0) << first.err << first.out;
    const auto joined = sweep({"--collect", shared_});
    EXPECT_EQ(joined.status, 0) << joined.err;
    EXPECT_THAT(joined.out, HasSubstr("4 of 4 runs finished"));
    EXPECT_EQ(results_of(shared_), results_of(alone_));
}

TEST_F(SharedSweep, IsContinuedByOneProcessOrByTheSameTasks) {
    ASSERT_EQ(
        sweep({script_, "--seeds", "4", "--threads", "1", "--out", shared_, "--slurm"}).status, 0);
    ASSERT_EQ(sweep({"--share", shared_}, task(1, 4)).status, 0);
    const auto part = sweep({"--collect", shared_});
    EXPECT_THAT(part.out, HasSubstr("1 of 4 runs finished"));
    const auto again = sweep({"--share", shared_}, task(1, 4));
    EXPECT_EQ(again.status, 0);
    EXPECT_THAT(again.out, Not(HasSubstr("finished in"))) << "it is not repeated";
    const auto rest = sweep({"--resume", shared_});
    EXPECT_EQ(rest.status, 0) << rest.err;
    EXPECT_THAT(rest.out, AllOf(HasSubstr("[4/4]"), HasSubstr("4 of 4 runs finished")));
}

TEST_F(SharedSweep, StopsAtTheSignalOfATimeLimitAndContinues) {
    ASSERT_EQ(sweep({script_, "--pause", "0.3", "--epochs", "12", "--threads", "1", "--out",
                     shared_, "--slurm"})
                  .status,
              0);
    auto options = task(0, 1);
    options.while_running = [&](int pid) {
        const auto log = fs::path(shared_) / "sweep-0-of-1.jsonl";
        wait_until([&] { return !read_text(log).empty(); });
        std::this_thread::sleep_for(std::chrono::milliseconds(1200));
        kill(pid, SIGUSR1);
    };
    const auto stopped = sweep({"--share", shared_}, options);
    EXPECT_EQ(stopped.status, 138) << stopped.err << stopped.out;
    EXPECT_THAT(stopped.out, HasSubstr("stopped"));
    const auto rest = sweep({"--share", shared_}, task(0, 1));
    EXPECT_EQ(rest.status, 0) << rest.err << rest.out;
    EXPECT_THAT(sweep({"--collect", shared_}).out, HasSubstr("1 of 1 runs finished"));
}

TEST_F(SharedSweep, NeedsAnEnvironmentThatSaysWhichShare) {
    ASSERT_EQ(sweep({script_, "--threads", "1", "--out", shared_, "--slurm"}).status, 0);
    const auto result = sweep({"--share", shared_});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr("works only in a task of a Slurm array"));
    const auto both = sweep({"--share", shared_, "--collect", shared_});
    EXPECT_EQ(both.status, 2);
    EXPECT_THAT(both.err, HasSubstr("only one of --resume, --share, --collect and --slurm"));
}

}  // namespace
}  // namespace hfc::test
