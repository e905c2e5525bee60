// The main job, small, from end to end: scripts/shuffled_labels.lua.
#include "process.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <sys/mount.h>
#include <sys/resource.h>
#include <chrono>
#include <csignal>
#include <sstream>
#include <thread>

namespace hfc::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

const std::vector<std::string> small_job = {HFC_SCRIPTS "/shuffled_labels.lua",
                                            "--model",
                                            "preact_resnet8",
                                            "--epochs.natural",
                                            "2",
                                            "--epochs.shuffled",
                                            "1",
                                            "--train_images",
                                            "40",
                                            "--device",
                                            "cpu"};

std::vector<std::string> job(const std::vector<std::string>& more) {
    auto arguments = small_job;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::vector<Json> read_events(const std::filesystem::path& folder) {
    std::vector<Json> events;
    std::istringstream lines(read_text(folder / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        events.push_back(Json::parse(line));
    }
    return events;
}

/// What must be the same in two runs of the same seed.
Json without_times(std::vector<Json> events) {
    for (auto& event : events) {
        for (const auto* key : {"time", "images_per_second", "train_seconds", "probe_seconds"}) {
            event.erase(key);
        }
    }
    return events;
}

void wait_for_text(const std::filesystem::path& file, const std::string& text) {
    wait_until([&] { return read_text(file).find(text) != std::string::npos; });
}

TEST(MainJob, LeavesAllFilesAndTheSameNumbersTwice) {
    const ScratchFolder scratch;
    const auto one = scratch.path() / "one";
    const auto two = scratch.path() / "two";
    const auto result = run(job({"--out", one}));
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("natural"));
    for (const auto* name : {"config.json", "script.lua", "metrics.jsonl", "figure3.svg",
                             "figure3.png", "accuracy.csv", "accuracy.md"}) {
        EXPECT_GT(std::filesystem::file_size(one / name), 0U) << name;
    }
    const auto events = read_events(one);
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[1]["series"], "natural");
    EXPECT_EQ(events[1]["epoch"], 2);
    EXPECT_EQ(events[2]["series"], "shuffled");
    EXPECT_EQ(events[0]["accuracy"].size(), 6U);
    const auto config = Json::parse(read_text(one / "config.json"));
    EXPECT_EQ(config["options"]["epochs"]["natural"], 2);
    EXPECT_EQ(config["options"]["seed"], 0);
    EXPECT_TRUE(config["versions"].contains("LibTorch"));
    EXPECT_EQ(read_text(one / "script.lua"), read_text(small_job[0]));
    ASSERT_EQ(run(job({"--out", two})).status, 0);
    EXPECT_EQ(without_times(events), without_times(read_events(two)));
}

TEST(MainJob, NeverOverwritesAnEarlierRun) {
    const ScratchFolder scratch;
    scratch.write("precious.txt", "kept");
    const auto result = run(job({"--out", scratch.path()}));
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr(scratch.path().string()));
    EXPECT_EQ(read_text(scratch.path() / "precious.txt"), "kept");
}

TEST(MainJob, AFolderThatCannotBeWritten) {
    const auto result = run(job({"--out", "/proc/hfc-run"}));
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("/proc/hfc-run"));
}

TEST(MainJob, MissingDataSaysWhatIsExpectedWhere) {
    const ScratchFolder scratch;
    const auto result = run(job({"--dataset", "cifar10", "--data", scratch.path()}));
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("data_batch_1.bin"));
    EXPECT_THAT(result.err, HasSubstr(scratch.path().string()));
    EXPECT_FALSE(std::filesystem::exists("runs"));
}

TEST(MainJob, CtrlCEndsAtTheNextBatchWithEverythingLogged) {
    const ScratchFolder scratch;
    const auto out = scratch.path() / "run";
    const auto result =
        run(job({"--out", out, "--epochs.natural", "100000"}), {.while_running = [&](int pid) {
                wait_for_text(out / "metrics.jsonl", "\"epoch\":2");
                kill(pid, SIGINT);
            }});
    EXPECT_EQ(result.status, 130);
    EXPECT_THAT(result.err, HasSubstr("interrupted"));
    const auto events = read_events(out);
    ASSERT_GE(events.size(), 2U);
    for (size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i]["epoch"], i + 1);
    }
}

TEST(Interrupt, StopsALoopInLua) {
    const ScratchFolder scratch;
    const auto marker = scratch.path() / "started";
    const auto result = run({"-e",
                             "local f = io.open(arg[1], 'w'); f:write('yes'); f:close(); "
                             "jit.off(); local i = 0; while true do i = i + 1 end",
                             marker},
                            {.while_running = [&](int pid) {
                                wait_for_text(marker, "yes");
                                kill(pid, SIGINT);
                            }});
    EXPECT_EQ(result.status, 130);
}

TEST(Interrupt, ASecondCtrlCEndsACompiledLoop) {
    const ScratchFolder scratch;
    const auto marker = scratch.path() / "started";
    const auto result = run({"-e",
                             "local f = io.open(arg[1], 'w'); f:write('yes'); f:close(); local i = "
                             "0; while true do i = i + 1 end",
                             marker},
                            {.while_running = [&](int pid) {
                                wait_for_text(marker, "yes");
                                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                                kill(pid, SIGINT);
                                std::this_thread::sleep_for(std::chrono::milliseconds(300));
                                kill(pid, SIGINT);
                            }});
    EXPECT_EQ(result.status, 130);
}

TEST(FullDisk, IsSaidAndLeavesWholeLines) {
    const ScratchFolder scratch;
    if (mount("none", scratch.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
        GTEST_SKIP() << "needs the right to mount a small tmpfs";
    }
    const auto out = scratch.path() / "run";
    const auto result = run({"-e",
                             "local run = hfc.run('full', {}); for i = 1, 100000 do run:log {step "
                             "= i, text = ('x'):rep(500)} end",
                             "--out", out});
    const auto lines = read_text(out / "metrics.jsonl");
    umount(scratch.path().c_str());
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("metrics.jsonl"));
    EXPECT_THAT(result.err, HasSubstr("No space left"));
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines.back(), '\n');
}

}  // namespace
}  // namespace hfc::test
