// kill -9 of a sweep and of its runs, ten times each, at random times: what is joined in the end is
// what an uninterrupted sweep joins.
#include "sweep_scripts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

#if defined(HFC_SANITIZED)
constexpr int kills = 2;
#else
constexpr int kills = 10;
#endif

uint32_t chosen_seed() {
    const char* const chosen = std::getenv("HFC_TEST_SEED");
    const auto seed = chosen != nullptr ? static_cast<uint32_t>(std::strtoul(chosen, nullptr, 10))
                                        : std::random_device()();
    std::cout << "seed " << seed << " (HFC_TEST_SEED repeats it)\n";
    return seed;
}

class SweepKills : public testing::Test {
  protected:
    fs::path out(const std::string& name) const { return scratch_.path() / name; }
    Words words(const fs::path& directory) const {
        return Words{"sweep", script_, "--seeds", "2", "--lr", "1e-3,1e-2", "--pause", "0.02"} +
               two_jobs() + Words{"--out", directory};
    }
    Words begin_or_resume(const fs::path& directory) const {
        return fs::exists(directory / "sweep.json") ? Words{"sweep", "--resume", directory}
                                                    : words(directory);
    }
    /// Where a killed sweep was not whole yet, it has left nothing that could be resumed.
    static void remove_beginnings(const fs::path& directory) {
        if (!fs::exists(directory / "sweep.json")) {
            fs::remove_all(directory);
        }
    }

    ScratchFolder scratch_;
    const std::string script_ = scratch_.write("tiny.lua", sweep_script);
};

/// No run lives on for more than a moment: each holds a lock on its log as long as it lives.
bool all_dead(const fs::path& sweep) {
    const auto last = Clock::now() + std::chrono::seconds(5);
    for (const auto& [item, pid] : running_items(sweep)) {
        const int log = open((sweep / (item + ".log")).c_str(), O_RDONLY | O_CLOEXEC);
        bool dead = false;
        while (!dead && Clock::now() < last) {
            dead = flock(log, LOCK_EX | LOCK_NB) == 0;
            std::this_thread::sleep_for(milliseconds(5));
        }
        close(log);
        if (!dead) {
            return false;
        }
    }
    return true;
}

TEST_F(SweepKills, TheSweep) {
    ASSERT_EQ(run(words(out("whole"))).status, 0);
    std::mt19937 random(chosen_seed());
    int killed = 0, finished = 0;
    for (int attempt = 0; killed < kills && attempt < 4 * kills; ++attempt) {
        const auto directory = out("killed" + std::to_string(finished));
        remove_beginnings(directory);
        const milliseconds delay(100 + static_cast<int>(random() % 1200));
        const auto result = run(begin_or_resume(directory), {.while_running = [&](int pid) {
                                    std::this_thread::sleep_for(delay);
                                    kill(pid, SIGKILL);
                                }});
        ASSERT_TRUE(result.status == 0 || result.status == 128 + SIGKILL) << result.err;
        EXPECT_TRUE(all_dead(directory));
        killed += result.status == 0 ? 0 : 1;
        finished += result.status == 0 ? 1 : 0;
    }
    EXPECT_EQ(killed, kills);
    const auto last = out("killed" + std::to_string(finished));
    remove_beginnings(last);
    const auto result = run(begin_or_resume(last));
    ASSERT_EQ(result.status, 0) << result.err << result.out;
    for (int i = 0; i <= finished; ++i) {
        EXPECT_EQ(results_of(out("killed" + std::to_string(i))), results_of(out("whole"))) << i;
    }
}

bool has_ended(int pid) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

TEST_F(SweepKills, ItsRuns) {
    ASSERT_EQ(run(words(out("whole"))).status, 0);
    std::mt19937 random(chosen_seed());
    int killed = 0, rounds = 0;
    const auto directory = [&] { return out("killed" + std::to_string(rounds)); };
    for (int attempt = 0; killed < kills && attempt < 4 * kills; ++attempt) {
        const auto result = run(
            begin_or_resume(directory()), {.while_running = [&](int pid) {
                // On a busy machine, a sweep starts slowly.
                wait_until([&] { return !running_items(directory()).empty() || has_ended(pid); });
                std::this_thread::sleep_for(milliseconds(random() % 900));
                if (has_ended(pid)) {
                    return;
                }
                for (const auto& [item, child] : running_items(directory())) {
                    killed += kill(child, SIGKILL) == 0 ? 1 : 0;
                }
            }});
        ASSERT_TRUE(result.status == 0 || result.status == 1) << result.err;
        EXPECT_TRUE(result.status == 0 ||
                    result.out.find("killed by signal 9 (Killed)") != std::string::npos)
            << result.out;
        rounds += result.status == 0 ? 1 : 0;
    }
    EXPECT_GE(killed, kills);
    const auto result = run(begin_or_resume(directory()));
    ASSERT_EQ(result.status, 0) << result.err << result.out;
    for (int i = 0; i <= rounds; ++i) {
        EXPECT_EQ(results_of(out("killed" + std::to_string(i))), results_of(out("whole"))) << i;
    }
    std::cout << killed << " kills\n";
}

}  // namespace
}  // namespace hfc::test
