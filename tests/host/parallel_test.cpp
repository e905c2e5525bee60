// Several processes started by mpirun: the same numbers as one, and what happens to one happens to
// all.
#include "events.h"

#include <gmock/gmock.h>

#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string fixtures = HFC_FIXTURES "/parallel/";

/// How mpirun starts so many processes, on any machine and as root.
ProcessOptions several(int processes) {
    ProcessOptions options;
    options.launcher = {"mpirun", "--oversubscribe",        "--bind-to", "none",
                        "-n",     std::to_string(processes)};
    const char* const sanitizer = std::getenv("ASAN_OPTIONS");
    options.environment = {
        "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
        // OpenMPI keeps memory until the end.
        "ASAN_OPTIONS=" + std::string(sanitizer ? sanitizer : "") + ":detect_leaks=0"};
    return options;
}

bool has_mpi() {
    const auto module = fs::path(HFC_HOST).parent_path() / "../lib/hfc-host/libhfc_parallel_mpi.so";
    return std::system("command -v mpirun >/dev/null 2>&1") == 0 && fs::exists(module);
}

class Parallel : public testing::Test {
  protected:
    void SetUp() override {
        if (!has_mpi()) {
            GTEST_SKIP() << "no mpirun, or no module for MPI in this build (tools/setup --mpi)";
        }
    }

    Result run_several(int processes, const std::vector<std::string>& arguments,
                       std::function<void(int)> while_running = {}) const {
        auto options = several(processes);
        options.while_running = std::move(while_running);
        auto words = std::vector<std::string>{"--threads", "1"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return run(words, options);
    }

    Result run_chunk(int processes, const std::string& chunk,
                     const std::vector<std::string>& options = {}) const {
        auto words = options;
        words.insert(words.end(), {"-e", chunk});
        return run_several(processes, words);
    }

    ScratchFolder scratch_;
};

class Equal : public Parallel, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(Equal, GradientsWeightsAndLossAreThoseOfOneProcess) {
    const auto one = (scratch_.path() / "one.npz").string();
    const auto two = (scratch_.path() / "two.npz").string();
    const auto words = [&](const std::string& path) {
        auto all = GetParam();
        const auto processes = std::stoi(all.front());
        all.erase(all.begin());
        all.insert(all.begin(), fixtures + "equal.lua");
        all.insert(all.begin() + 2, path);
        return std::pair(processes, all);
    };
    auto alone = words(one).second;
    alone.insert(alone.begin(), {"--threads", "1"});
    const auto first = run(alone);
    ASSERT_EQ(first.status, 0) << first.err;
    const auto [processes, arguments] = words(two);
    const auto second = run_several(processes, arguments);
    ASSERT_EQ(second.status, 0) << second.err;
    const auto compared = run({fixtures + "compare.lua", one, two});
    ASSERT_EQ(compared.status, 0) << compared.err;
    std::istringstream text(compared.out);
    double difference = 1;
    int same_alone = 0, same = 0;
    text >> difference >> same_alone >> same;
    EXPECT_LT(difference, 1e-12) << compared.out;
    EXPECT_EQ(same, 1) << "the ranks' weights differ";
}

// 300 images: batches of 30 are even, of 28 leave a last one of 20, of 27 have 14 and 13 images.
INSTANTIATE_TEST_SUITE_P(
    Of, Equal,
    testing::Values(std::vector<std::string>{"2", "group"},
                    std::vector<std::string>{"2", "synchronised", "batch=28"},
                    std::vector<std::string>{"2", "group", "batch=27", "accumulate=2", "clip=0.1"},
                    std::vector<std::string>{"3", "synchronised", "batch=29", "epochs=1"}),
    [](const auto& test) { return "Case" + std::to_string(test.index); });

TEST_F(Parallel, MeasuringGivesTheSameNumbersToTheLastBit) {
    const auto weights = (scratch_.path() / "weights.npz").string();
    const auto one = run({"--threads", "1", fixtures + "measure.lua", weights, "write"});
    ASSERT_EQ(one.status, 0) << one.err;
    EXPECT_THAT(one.out, HasSubstr("heat map"));
    for (const int processes : {2, 3}) {
        const auto all = run_several(processes, {fixtures + "measure.lua", weights});
        EXPECT_EQ(all.status, 0) << all.err;
        EXPECT_EQ(all.out, one.out);
    }
}

TEST_F(Parallel, Rank0AloneWritesAndPrints) {
    const auto out = scratch_.path() / "run";
    const auto result = run_several(2, {"--out", out.string(), fixtures + "job.lua", "2"});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "results in " + out.string() + "\n");
    EXPECT_EQ(events_of(out).size(), 2U);
    const auto config = Json::parse(read_text(out / "config.json"));
    EXPECT_EQ(config.at("processes"), 2);
}

TEST_F(Parallel, AnErrorOnOneRankEndsAllWithItsMessage) {
    const auto result = run_chunk(2,
                                  "if hfc.parallel.rank() == 1 then error 'no data here' end "
                                  "hfc.parallel.barrier()");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("hfc-host: rank 1: -e:1: no data here"));
    EXPECT_THAT(result.err, Not(HasSubstr("rank 0:")));
}

TEST_F(Parallel, AnErrorOfAllIsToldOnce) {
    const auto result = run_chunk(2, "error 'both'");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("rank 0: -e:1: both"), Not(HasSubstr("rank 1:"))));
}

TEST_F(Parallel, ANumberThatIsNoneIsAgreedOn) {
    const auto result = run_chunk(2, R"lua(
        local d = hfc.data("synthetic", {train = 40, test = 10})
        hfc.train(hfc.model "preact_resnet8", d.train, {epochs = 1, quiet = true, batch_size = 10,
          loss = function(m, x, y)
            local l = torch.nn.functional.cross_entropy(m(x), y)
            return hfc.parallel.rank() == 1 and l * (0 / 0) or l
          end})
    )lua");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("hfc.train: the loss is nan at epoch 1, batch 1"));
}

TEST_F(Parallel, AStuckRankIsNamedWithTheCollective) {
    const auto loop = run_chunk(2,
                                "if hfc.parallel.rank() == 1 then while true do end end "
                                "hfc.parallel.all_reduce(torch.ones(5))",
                                {"--parallel-timeout", "1"});
    EXPECT_EQ(loop.status, 1);
    EXPECT_THAT(loop.err, HasSubstr("hfc-host: rank 0 has waited 1 s in collective"));
    EXPECT_THAT(loop.err, HasSubstr("(all_reduce of 5 float32 numbers): rank 1 is at collective"));
    const auto stopped = run_chunk(2,
                                   "if hfc.parallel.rank() == 1 then os.execute 'kill -STOP $PPID' "
                                   "end hfc.parallel.barrier()",
                                   {"--parallel-timeout", "1"});
    EXPECT_THAT(stopped.err, HasSubstr("rank 1 does not respond"));
    const auto ended = run_chunk(2, "if hfc.parallel.rank() == 0 then hfc.parallel.barrier() end",
                                 {"--parallel-timeout", "1"});
    EXPECT_THAT(ended.err, HasSubstr("rank 1 has already finished"));
}

TEST_F(Parallel, RanksThatDifferAreNamed) {
    const auto data = run_chunk(2, R"lua(
        local d = hfc.data("synthetic", {train = 40, test = 10, seed = hfc.parallel.rank()})
        hfc.train(hfc.model "preact_resnet8", d.train, {epochs = 1, quiet = true, batch_size = 10})
    )lua");
    EXPECT_EQ(data.status, 1);
    EXPECT_THAT(data.err, HasSubstr("the training run's content differs between the ranks"));
    auto options = several(1);
    const auto host = std::string(HFC_HOST);
    const auto words =
        run({"-e", "print(1)", "a", ":", "-n", "1", host, "-e", "print(1)", "b"}, options);
    EXPECT_EQ(words.status, 2);
    EXPECT_THAT(words.err, HasSubstr("the command line differs between the ranks: rank 0 has -e "
                                     "print(1) a, rank 1 has -e print(1) b"));
    const auto threads = run({"--threads", "1", "-e", "print(1)", ":", "-n", "1", host, "--threads",
                              "2", "-e", "print(1)"},
                             options);
    EXPECT_EQ(threads.status, 2);
    EXPECT_THAT(threads.err, HasSubstr("the number of threads differs between the ranks: rank 0 "
                                       "has 1, rank 1 has 2"));
}

TEST_F(Parallel, BatchesSmallerThanTheProcessesAreRefused) {
    const auto result = run_chunk(2, R"lua(
        local d = hfc.data("synthetic", {train = 41, test = 10})
        hfc.train(hfc.model "preact_resnet8", d.train, {epochs = 1, quiet = true, batch_size = 10})
    )lua");
    EXPECT_THAT(result.err, HasSubstr("the last batch of an epoch has 1 image, fewer than the 2 "
                                      "processes; use drop_last or a different batch size"));
}

TEST_F(Parallel, FunctionsOfScripts) {
    const auto result = run_chunk(3, R"lua(
        local p = hfc.parallel
        local mine = torch.tensor({p.rank() + 1, -p.rank()}, {dtype = "float64"})
        assert(p.size() == 3)
        assert(torch.equal(p.all_reduce(mine), torch.tensor({6, -3}, {dtype = "float64"})))
        assert(torch.equal(p.all_reduce(mine, "mean"), torch.tensor({2, -1}, {dtype = "float64"})))
        assert(torch.equal(p.all_reduce(mine, "min"), torch.tensor({1, -2}, {dtype = "float64"})))
        assert(torch.equal(p.all_reduce(mine, "max"), torch.tensor({3, 0}, {dtype = "float64"})))
        assert(p.broadcast(mine, 2)[0]:item() == 3)
        assert(mine[0]:item() == p.rank() + 1)
        p.barrier()
        assert(p.alone(function() return p.size() end) == 1)
        local ok, text = pcall(p.broadcast, mine, 3)
        assert(not ok and text:find("expected a rank from 0 to 2, got 3", 1, true), text)
        ok, text = pcall(p.all_reduce, mine, "product")
        assert(not ok and text:find('expected "sum", "mean", "min" or "max"', 1, true), text)
        print "good"
    )lua");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, "good\n");
}

std::vector<std::string> job(const fs::path& run, int epochs) {
    return {"--out", run.string(), fixtures + "job.lua", std::to_string(epochs)};
}

/// The sum in a finished run's table.
std::string sum_of(const fs::path& run) {
    return read_text(run / "sums.csv");
}

/// What decides, without the times that the reducer has measured.
std::vector<Json> results_of(const fs::path& run) {
    auto events = events_of(run);
    for (auto& event : events) {
        event.erase("milliseconds");
    }
    return events;
}

void wait_for_checkpoint(const fs::path& run) {
    const auto folder = run / "checkpoints" / "training-1";
    wait_until([&] {
        std::error_code error;
        const bool empty = fs::is_empty(folder, error);
        return !error && !empty;
    });
}

class Signals : public Parallel, public testing::WithParamInterface<int> {};

TEST_P(Signals, StopAllAtOneStepAndTheRunGoesOnToTheSameNumbers) {
    const auto whole = scratch_.path() / "whole", out = scratch_.path() / "run";
    const int signal = GetParam();
    const auto ended = [&] { return fs::exists(out / "sums.csv"); };
    // On a busy machine, the run may end before the signal reaches it. Then it runs longer.
    int epochs = 5;
    Result stopped;
    do {
        epochs *= 2;
        fs::remove_all(out);
        stopped = run_several(2, job(out, epochs), [&](int pid) {
            wait_for_checkpoint(out);
            kill(pid, signal);
        });
    } while (ended() && epochs < 100);
    ASSERT_FALSE(ended()) << "it had ended before the signal";
    // mpirun ends with 1 after SIGTERM.
    EXPECT_EQ(stopped.status, signal == SIGTERM ? 1 : 128 + signal) << stopped.err;
    const auto first = run_several(2, job(whole, epochs));
    ASSERT_EQ(first.status, 0) << first.err;
    const auto resumed = run_several(2, {"--resume", out.string()});
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(sum_of(out), sum_of(whole));
    EXPECT_EQ(results_of(out), results_of(whole));
}

INSTANTIATE_TEST_SUITE_P(Of, Signals, testing::Values(SIGUSR1, SIGTERM));

TEST_F(Parallel, ATimeLimitStopsAndAnotherNumberOfProcessesGoesOn) {
    const auto out = scratch_.path() / "run";
    const auto stopped =
        run_several(2, {"--time-limit", "2", "--out", out.string(), fixtures + "job.lua", "1000"});
    EXPECT_EQ(stopped.status, 138) << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("To continue: hfc-host --resume"));
    const auto before = events_of(out).size();
    const auto alone = run({"--threads", "1", "--time-limit", "2", "--resume", out.string()});
    EXPECT_EQ(alone.status, 138) << alone.err;
    EXPECT_THAT(
        alone.err,
        HasSubstr("the checkpoint was written by 2 processes, but training continues with 1"));
    EXPECT_GT(events_of(out).size(), before);
}

/// The processes that mpirun has started.
std::vector<int> ranks_of(int mpirun) {
    std::istringstream text(read_text("/proc/" + std::to_string(mpirun) + "/task/" +
                                      std::to_string(mpirun) + "/children"));
    std::vector<int> children;
    for (int child = 0; text >> child;) {
        children.push_back(child);
    }
    return children;
}

TEST_F(Parallel, KillingARankEndsTheOthersAndTheRunGoesOnToTheSameNumbers) {
    const auto whole = scratch_.path() / "whole", out = scratch_.path() / "run";
    const auto first = run_several(2, job(whole, 10));
    ASSERT_EQ(first.status, 0) << first.err;
    std::mt19937 random(std::random_device{}());
    const char* const wanted = std::getenv("HFC_TEST_KILLS");
    const int kills = wanted != nullptr ? std::atoi(wanted) : 2;
    const auto start_or_resume = [&](std::function<void(int)> while_running) {
        if (fs::exists(out / "metrics.jsonl")) {
            return run_several(2, {"--resume", out.string()}, std::move(while_running));
        }
        fs::remove_all(out);
        return run_several(2, job(out, 10), std::move(while_running));
    };
    for (int i = 0; i < kills; ++i) {
        Clock::time_point killed;
        const auto result = start_or_resume([&](int pid) {
            std::this_thread::sleep_for(milliseconds(700 + random() % 600));
            const auto ranks = ranks_of(pid);
            killed = Clock::now();
            if (!ranks.empty()) {
                kill(ranks[random() % ranks.size()], SIGKILL);
            }
        });
        EXPECT_LT(Clock::now() - killed, std::chrono::seconds(10));
        EXPECT_TRUE(result.status == 0 || result.status == 128 + SIGKILL) << result.err;
    }
    const auto last = start_or_resume({});
    ASSERT_EQ(last.status, 0) << last.err;
    EXPECT_EQ(sum_of(out), sum_of(whole));
    EXPECT_EQ(results_of(out), results_of(whole));
}

TEST_F(Parallel, APauseHoldsAllAndAStopEndsAll) {
    const auto out = scratch_.path() / "run";
    const auto result = run_several(2, job(out, 100000), [&](int) {
        wait_for_checkpoint(out);
        std::ofstream(out / "control") << "pause\n";
        std::this_thread::sleep_for(milliseconds(500));
        const auto before = read_text(out / "metrics.jsonl").size();
        std::this_thread::sleep_for(milliseconds(500));
        EXPECT_EQ(read_text(out / "metrics.jsonl").size(), before);
        std::ofstream(out / "control") << "stop\n";
    });
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_TRUE(fs::exists(out / "sums.csv"));
}

TEST_F(Parallel, ARunDirectoryThatCannotBeMadeIsToldByRank0) {
    const auto result = run_several(2, {"--out", "/dev/full/run", fixtures + "job.lua", "1"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, AllOf(HasSubstr("rank 0:"), HasSubstr("/dev/full/run")));
    EXPECT_THAT(result.err, Not(HasSubstr("rank 1:")));
}

TEST_F(Parallel, AFullDiskOfRank0EndsAllAndTheRunGoesOnLater) {
    const auto whole = scratch_.path() / "whole", disk = scratch_.path() / "disk";
    fs::create_directory(disk);
    if (mount("none", disk.c_str(), "tmpfs", 0, "size=600k") != 0) {
        GTEST_SKIP() << "needs the right to mount a small tmpfs";
    }
    const auto out = disk / "run";
    ASSERT_EQ(run_several(2, job(whole, 6)).status, 0);
    const auto full = run_several(2, job(out, 6));
    EXPECT_EQ(full.status, 1);
    EXPECT_THAT(full.err,
                AllOf(HasSubstr("rank 0:"), HasSubstr("No space left"), Not(HasSubstr("rank 1:"))));
    EXPECT_EQ(mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    const auto later = run_several(2, {"--resume", out.string()});
    EXPECT_EQ(later.status, 0) << later.err;
    EXPECT_EQ(sum_of(out), sum_of(whole));
    EXPECT_EQ(results_of(out), results_of(whole));
    umount(disk.c_str());
}

}  // namespace
}  // namespace hfc::test
