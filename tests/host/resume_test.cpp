// --resume: a run that was ended by whatever goes on to what it would have been.
#include "events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

namespace hfc::test {
namespace {

using testing::HasSubstr;

/// Two trainings one after the other, so that a run can be stopped in either or between, with a
/// table and a line at the end.
constexpr const char* job = R"lua(
local data = hfc.data("synthetic", {train = 96, test = 32, seed = 3})
local run = hfc.run("small")
for _, name in ipairs {"first", "second"} do
  local model = hfc.model("preact_resnet8", {dropout = 0.2, batch_norm = true, seed = 1})
  if name == "second" then model:replace_head(12) end
  hfc.train(model, data.train, {
    epochs = 4, batch_size = 8, optimizer = {"adam", lr = 1e-3}, quiet = true,
    checkpoint_seconds = 0.02, probes = {test = data.test}, log = run:series(name),
  })
  local sum = 0
  for _, p in ipairs(model:parameters()) do sum = sum + p:double():abs():sum():item() end
  run:row("sums", {name = name, sum = ("%.17g"):format(sum)})
end
run:log {done = true}
)lua";

class Resume : public testing::Test {
  protected:
    std::vector<std::string> start(const std::filesystem::path& out) const {
        return {"--threads", "1", script, "--out", out.string()};
    }
    std::filesystem::path folder(const std::string& name) const { return scratch.path() / name; }

    /// The run that nothing stops.
    void run_whole() {
        ASSERT_EQ(run(start(folder("whole"))).status, 0);
        ASSERT_EQ(events_of(folder("whole")).size(), 9U);
    }

    void expect_same_as_whole(const std::filesystem::path& out) const {
        EXPECT_EQ(events_of(out), events_of(folder("whole")));
        EXPECT_EQ(read_text(out / "sums.csv"), read_text(folder("whole") / "sums.csv"))
            << "the weights, to the last bit";
    }

    static std::function<void(int)> signal_after(std::chrono::milliseconds delay, int signal) {
        return [=](int pid) {
            std::this_thread::sleep_for(delay);
            kill(pid, signal);
        };
    }

    ScratchFolder scratch;
    const std::string script = scratch.write("job.lua", job);
};

TEST(ResumeElsewhere, FindsTheFolderOfARelativeScript) {
    const ScratchFolder scratch;
    std::filesystem::create_directories(scratch.path() / "mine");
    std::filesystem::create_directories(scratch.path() / "elsewhere");
    scratch.write("mine/job.lua", R"lua(
local run = hfc.run("job")
print("folder " .. hfc.script_folder())
)lua");
    const auto expected = "folder " + (scratch.path() / "mine").string() + "/";
    const auto out = (scratch.path() / "out").string();
    const auto begun = run({"mine/job.lua", "--out", out}, {.folder = scratch.path()});
    ASSERT_EQ(begun.status, 0) << begun.err;
    EXPECT_THAT(begun.out, HasSubstr(expected));
    const auto resumed = run({"--resume", out}, {.folder = scratch.path() / "elsewhere"});
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_THAT(resumed.out, HasSubstr(expected));
}

TEST_F(Resume, AfterKill9AtRandomMoments) {
    run_whole();
    std::mt19937 random(1);
    int killed = 0;
#if defined(HFC_SANITIZED)
    constexpr int rounds = 2;
#else
    constexpr int rounds = 5;
#endif
    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE(round);
        const auto out = folder("round" + std::to_string(round));
        // Killed again and again until it gets through, each time somewhere else.
        // It is given longer each time, so that it gets through on a slow machine too.
        int longest = 400;
        for (int status = 128 + SIGKILL; status == 128 + SIGKILL; longest += 150) {
            const bool begun = std::filesystem::exists(out / "metrics.jsonl");
            if (!begun) {
                std::filesystem::remove_all(out);  // killed before there was a run
            }
            const auto delay =
                std::chrono::milliseconds(200 + static_cast<int>(random() % longest));
            const auto result =
                run(begun ? std::vector<std::string>{"--resume", out.string(), "--threads", "1"}
                          : start(out),
                    {.while_running = signal_after(delay, SIGKILL)});
            status = result.status;
            killed += status == 128 + SIGKILL ? 1 : 0;
            ASSERT_TRUE(status == 0 || status == 128 + SIGKILL) << result.err;
        }
        expect_same_as_whole(out);
    }
    EXPECT_GE(killed, rounds);
    RecordProperty("killed", killed);
}

TEST_F(Resume, AfterTerminationWithACheckpoint) {
    run_whole();
    const auto out = folder("run");
    const auto result = run(start(out), {.while_running = [&](int pid) {
                                wait_for(out / "checkpoints");
                                kill(pid, SIGTERM);
                            }});
    EXPECT_EQ(result.status, 143) << result.err;
    EXPECT_THAT(result.err, HasSubstr("To continue: hfc-host --resume " + out.string()));
    const auto resumed = run({"--resume", out.string(), "--threads", "1"});
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    expect_same_as_whole(out);
}

TEST_F(Resume, OfAFinishedRunTrainsNothing) {
    run_whole();
    const auto before = events_of(folder("whole"));
    const auto resumed = run({"--resume", folder("whole").string(), "--threads", "1"});
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(events_of(folder("whole")), before);
}

TEST_F(Resume, IsRefusedWhileTheRunGoesOn) {
    const auto out = folder("run");
    Result second;
    run(start(out), {.while_running = [&](int pid) {
            wait_for(out / "checkpoints");
            kill(pid, SIGSTOP);  // it must not end while the other one waits for its lock
            second = run({"--resume", out.string()});
            kill(pid, SIGKILL);
        }});
    EXPECT_EQ(second.status, 1);
    EXPECT_THAT(second.err, HasSubstr("is in use by another process"));
}

TEST_F(Resume, SaysWhatIsWrong) {
    EXPECT_THAT(run({"--resume", scratch.path().string()}).err, HasSubstr("has no config.json"));
    EXPECT_EQ(run({"--resume", scratch.path().string()}).status, 2);
    EXPECT_THAT(run({"--resume", scratch.path().string(), script}).err,
                HasSubstr("do not repeat them"));
    EXPECT_THAT(run({"--resume", scratch.path().string(), "--out", "x"}).err,
                HasSubstr("--out is not allowed"));
    const auto out = folder("chunk");
    ASSERT_EQ(run({"--out", out.string(), "-e", "hfc.run('x')"}).status, 0);
    EXPECT_THAT(run({"--resume", out.string()}).err, HasSubstr("not started from a script file"));
    scratch.write("chunk/script.lua", "");
    for (const char* text : {"", "{}", "[]", "{\"command_line\": 3}", "{\"command_line\": []}",
                             "{\"command_line\": [\"hfc-host\", \"--resume\", \".\"]}"}) {
        scratch.write("chunk/config.json", text);
        const auto result = run({"--resume", out.string()});
        EXPECT_EQ(result.status, 2) << text << result.err;
    }
}

// The fixture is a run of version 0.1.0 (commit 7fd58ad) whose second epoch ended in an error.
TEST_F(Resume, OfARunOfAnOlderVersion) {
    const auto out = folder("old");
    std::filesystem::copy(HFC_FIXTURES "/old_run", out, std::filesystem::copy_options::recursive);
    std::ofstream(out / "go on") << "";
    const auto result = run({"--resume", out.string(), "--threads", "1"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(events_of(out).size(), 4U);
    const auto sums = read_text(out / "sums.csv");
    ASSERT_TRUE(sums.starts_with("sum\n")) << sums;
    EXPECT_NEAR(std::stod(sums.substr(4)), 0.095357084646821022, 1e-6)
        << "what that version gave without the error";
}

TEST_F(Resume, UnderNamesThatAreNotUtf8) {
    const auto place = folder("caf\xe9");
    std::filesystem::create_directories(place / "data \xff");
    const auto own = (place / "job.lua").string();
    std::filesystem::copy(script, own);
    const auto out = place / "run";
    const auto begun = run(
        {"--threads", "1", "--data", (place / "data \xff").string(), own, "--out", out.string()},
        {.while_running = [&](int pid) {
            wait_for(out / "checkpoints/training-1/checkpoint-000000001.json");
            kill(pid, SIGKILL);
        }});
    EXPECT_EQ(begun.status, 128 + SIGKILL) << begun.err;
    const auto resumed = run({"--resume", out.string(), "--threads", "1"});
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    run_whole();
    expect_same_as_whole(out);
}

TEST_F(Resume, OfAnotherTrainingOnDataOfTheSameNameIsRefused) {
    const auto strength = (scratch.path() / "strength").string();
    const auto changed =
        scratch.write("strength.lua", "local file = io.open '" + strength + "'" + R"lua(
local data = hfc.data("synthetic", {train = 96, test = 32, seed = 3, low = file and .1 or .25})
local run = hfc.run("small")
local model = hfc.model("preact_resnet8", {seed = 1})
hfc.train(model, data.train, {epochs = 2, batch_size = 8, quiet = true, log = run})
error "at the end"
)lua");
    const auto out = folder("run");
    EXPECT_EQ(run({"--threads", "1", changed, "--out", out.string()}).status, 1);
    scratch.write("strength", "");
    const auto result = run({"--resume", out.string(), "--threads", "1"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("the checkpoint belongs to a different training run: "
                                      "content was"));
}

TEST_F(Resume, OnAnotherNumberOfThreadsIsSaid) {
    const auto out = folder("run");
    EXPECT_EQ(run(start(out)).status, 0);
    const auto result = run({"--resume", out.string(), "--threads", "2"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("was written with 1 thread, but training continues with 2"));
}

}  // namespace
}  // namespace hfc::test
