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

/// What both jobs have: a network in Lua on samples of a Lua function, a mark in the middle of the
/// script's own code (a file that stays for a while), and the sum that tells the end.
constexpr const char* common = R"lua(
local data = hfc.data("synthetic", {train = 64, test = 32, seed = 3})
local train = hfc.dataset {
  size = 64, classes = 10,
  get = function(i)
    local sample = data.train[i]
    return sample.image, sample.label
  end,
}
local run = hfc.run("kills")
local nn = torch.nn
torch.manual_seed(1)
local net = nn.Sequential {
  nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.2),
  nn.Linear(128, 1000), nn.ReLU(), nn.Linear(1000, 10),
}
local mark = run:directory() .. "/in-callback"
local function stay()
  local file = io.open(mark, "w")
  file:close()
  local until_then = os.clock() + 0.03
  while os.clock() < until_then do end
  os.remove(mark)
end
local function finish()
  local sum = 0
  for _, p in ipairs(net:parameters()) do sum = sum + p:double():abs():sum():item() end
  run:row("sums", {sum = ("%.17g"):format(sum)})
end
)lua";

/// hfc.train with all that is the script's, and checkpoints as often as they can be written.
constexpr const char* training = R"lua(
hfc.train(net, train, {
  epochs = 12, batch_size = 8, optimizer = {"adam", lr = 1e-3}, quiet = true,
  loss = function(model, x, y)
    local loss = nn.functional.cross_entropy(model(x), y)
    return loss, {double = 2 * loss}
  end,
  schedule = {"cosine", warmup = 2}, clip_norm = 1, validation = data.test,
  early_stop = {patience = 50}, on_epoch = stay,
  checkpoint_seconds = 0.01, log = run:series("net"),
})
finish()
)lua";

/// A loop of the script's own.
constexpr const char* loop = R"lua(
local adam = torch.optim.Adam(net:parameters(), {lr = 1e-3})
local schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, {T_max = 80})
local seen = {}
for epoch in run:epochs(80, {net = net, adam = adam, schedule = schedule, seen = seen}) do
  local sum = 0
  for x, y in train:batches {size = 32, shuffle = true, seed = 1, epoch = epoch} do
    adam:zero_grad()
    local loss = nn.functional.cross_entropy(net(x), y)
    loss:backward()
    adam:step()
    sum = sum + loss:item()
  end
  schedule:step()
  seen[epoch] = sum
  if epoch % 5 == 0 then stay() end
  run:log {epoch = epoch, loss = sum, seen = #seen}
  run:row("epochs", {epoch = epoch, loss = sum})
end
finish()
)lua";

/// A network from a file of torch.export, whose statistics of norms come back too, with another
/// last layer.
constexpr const char* exported = R"lua(
net = hfc.model(")lua" HFC_FIXTURES R"lua(/exported/mobilenet_v3_train.pt2")
net:replace_head(7)
local images, labels = data.train:batch(0, 64)
hfc.train(net, hfc.dataset(images, labels % 7), {
  epochs = 12, batch_size = 8, optimizer = {"adam", lr = 1e-3}, quiet = true, on_epoch = stay,
  checkpoint_seconds = 0.01, log = run:series("net"),
})
for _, buffer in ipairs(net:buffers()) do
  run:row("buffers", {sum = ("%.17g"):format(buffer:double():sum():item())})
end
finish()
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

class Kills : public testing::TestWithParam<size_t> {};

constexpr const char* jobs[] = {training, loop, exported};

TEST_P(Kills, TwentyOfARunThatReachesTheSameNumbers) {
    const ScratchFolder scratch;
    const auto script = scratch.write("kills.lua", std::string(common) + jobs[GetParam()]);
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

constexpr const char* names[] = {"ATraining", "ALoop", "AnExportedNetwork"};

INSTANTIATE_TEST_SUITE_P(Of, Kills, testing::Range(size_t{0}, std::size(jobs)),
                         [](const auto& job) { return std::string(names[job.param]); });

}  // namespace
}  // namespace hfc::test
