// kill -9 at twenty moments of one run: at random times, while a checkpoint is written, and inside
// a Lua callback. The run must reach the numbers of a run that nothing stopped.
#include "events.h"

#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

namespace hfc::test {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A network in Lua, trained with checkpoints as often as they can be written. The callback marks
/// its stay by a file, and stays for a while.
constexpr const char* job = R"lua(
local data = hfc.data("synthetic", {train = 64, test = 32, seed = 3})
local run = hfc.run("kills")
local nn = torch.nn
torch.manual_seed(1)
local net = nn.Sequential {
  nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.2),
  nn.Linear(128, 1000), nn.ReLU(), nn.Linear(1000, 10),
}
local mark = run:directory() .. "/in-callback"
local function on_epoch()
  local file = io.open(mark, "w")
  file:close()
  local until_then = os.clock() + 0.03
  while os.clock() < until_then do end
  os.remove(mark)
end
hfc.train(net, data.train, {
  epochs = 12, batch_size = 8, optimizer = {"adam", lr = 1e-3}, quiet = true,
  checkpoint_seconds = 0.01, probes = {test = data.test}, log = run:series("net"),
  on_epoch = on_epoch,
})
local sum = 0
for _, p in ipairs(net:parameters()) do sum = sum + p:double():abs():sum():item() end
run:row("sums", {sum = ("%.17g"):format(sum)})
)lua";

enum class Moment { random, checkpoint, callback };

bool is_written(const fs::path& checkpoints) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(checkpoints, error)) {
        if (entry.path().filename().string().find(".tmp") != std::string::npos) {
            return true;
        }
    }
    return false;
}

/// Waits for the moment, at most ten seconds.
void wait_for(Moment moment, const fs::path& out, milliseconds delay) {
    std::this_thread::sleep_for(delay);
    const auto last = Clock::now() + std::chrono::seconds(10);
    const auto come = [&] {
        return moment == Moment::random ||
               (moment == Moment::checkpoint ? is_written(out / "checkpoints")
                                             : fs::exists(out / "in-callback"));
    };
    while (!come() && Clock::now() < last) {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

uint32_t seed() {
    const char* const chosen = std::getenv("HFC_TEST_SEED");
    return chosen != nullptr ? static_cast<uint32_t>(std::strtoul(chosen, nullptr, 10))
                             : std::random_device()();
}

std::vector<Moment> moments(std::mt19937& random) {
#if defined(HFC_SANITIZED)
    std::vector<Moment> all(4, Moment::random);
    all[0] = Moment::checkpoint;
    all[1] = Moment::callback;
#else
    std::vector<Moment> all(20, Moment::random);
    std::fill_n(all.begin(), 6, Moment::checkpoint);
    std::fill_n(all.begin() + 6, 4, Moment::callback);
#endif
    std::shuffle(all.begin(), all.end(), random);
    return all;
}

TEST(Kills, TwentyOfARunThatReachesTheSameNumbers) {
    const ScratchFolder scratch;
    const auto script = scratch.write("kills.lua", job);
    const auto whole = scratch.path() / "whole", out = scratch.path() / "run";
    const auto first = run({"--threads", "1", script, "--out", whole.string()});
    ASSERT_EQ(first.status, 0) << first.err;
    const auto chosen = seed();
    std::cout << "seed " << chosen << " (HFC_TEST_SEED repeats it)\n";
    std::mt19937 random(chosen);
    size_t killed = 0;
    const auto all = moments(random);
    for (const auto moment : all) {
        const bool begun = fs::exists(out / "metrics.jsonl");
        if (!begun) {
            fs::remove_all(out);
        }
        fs::remove(out / "in-callback");
        // Late enough for the run to have begun again, and for some progress.
        const milliseconds delay(300 + static_cast<int>(random() % 300));
        const auto result =
            run(begun ? std::vector<std::string>{"--resume", out.string(), "--threads", "1"}
                      : std::vector<std::string>{"--threads", "1", script, "--out", out.string()},
                {.while_running = [&](int pid) {
                    wait_for(moment, out, delay);
                    kill(pid, SIGKILL);
                }});
        ASSERT_TRUE(result.status == 0 || result.status == 128 + SIGKILL) << result.err;
        killed += result.status == 0 ? 0 : 1;
        if (result.status == 0) {
            fs::rename(out, scratch.path() / ("done" + std::to_string(killed)));
        }
    }
    std::cout << killed << " kills\n";
    if (fs::exists(out)) {
        const bool begun = fs::exists(out / "metrics.jsonl");
        const auto last =
            run(begun ? std::vector<std::string>{"--resume", out.string(), "--threads", "1"}
                      : std::vector<std::string>{"--threads", "1", script, "--out", out.string()});
        ASSERT_EQ(last.status, 0) << last.err;
    }
    int finished = 0;
    for (const auto& entry : fs::directory_iterator(scratch.path())) {
        if (entry.is_directory() && fs::exists(entry.path() / "sums.csv")) {
            EXPECT_EQ(events_of(entry.path()), events_of(whole)) << entry.path();
            EXPECT_EQ(read_text(entry.path() / "sums.csv"), read_text(whole / "sums.csv"));
            ++finished;
        }
    }
    EXPECT_GE(finished, 2);
    EXPECT_GE(killed, all.size() * 3 / 4);  // the others came after the end
}

}  // namespace
}  // namespace hfc::test
