// What befalls a run from outside: after each fault nothing is torn, the message says what
// happened, and --resume goes on.
#include "events.h"

#include <gmock/gmock.h>

#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace hfc::test {
namespace {

using testing::HasSubstr;

/// Four epochs; FAULT is called after the second while the file `trouble` is there.
std::string job(const std::string& fault) {
    return R"lua(
local data = hfc.data("synthetic", {train = 64, test = 32, seed = 3})
local run = hfc.run("small")
local model = hfc.model("preact_resnet8", {seed = 1})
hfc.train(model, data.train, {epochs = 4, batch_size = 8, quiet = true, checkpoint_seconds = 0.02,
  probes = {test = data.test}, log = run:series("a"), on_epoch = function(result)
    local file = result.epoch == 2 and io.open("trouble")
    if file then file:close(); )lua" +
           fault + R"lua( end
  end})
local sum = 0
for _, p in ipairs(model:parameters()) do sum = sum + p:double():abs():sum():item() end
run:log {sum = ("%.17g"):format(sum)}
)lua";
}

class Faults : public testing::Test {
  protected:
    Result start(const std::string& fault, const std::string& out,
                 std::function<void(int)> meanwhile = {}) {
        return run({"--threads", "1", scratch.write("job.lua", job(fault)), "--out", out},
                   {.folder = scratch.path(), .while_running = std::move(meanwhile)});
    }
    Result resume(const std::string& out) {
        return run({"--threads", "1", "--resume", out}, {.folder = scratch.path()});
    }
    std::filesystem::path path(const std::string& name) const { return scratch.path() / name; }
    void expect_resumes(const std::string& out) {
        ASSERT_EQ(start("", "whole").status, 0);
        const auto resumed = resume(out);
        EXPECT_EQ(resumed.status, 0) << resumed.err;
        EXPECT_EQ(events_of(path(out)), events_of(path("whole")));
        EXPECT_EQ(events_of(path(out)).size(), 5U);
    }
    /// The fault ends the run with an error; once it is mended, the run goes on. Between the two:
    /// what the log holds then.
    void expect_error_then_resumes(const std::string& fault,
                                   const testing::Matcher<std::string>& message,
                                   const std::function<void()>& between = {}) {
        scratch.write("trouble", "");
        const auto result = start(fault, "run");
        EXPECT_EQ(result.status, 1);
        EXPECT_THAT(result.err, message);
        if (between) {
            between();
        }
        std::filesystem::remove(path("trouble"));
        expect_resumes("run");
    }
    /// False where this user may not mount.
    bool mount_small(const std::string& name, const char* size) {
        std::filesystem::create_directory(path(name));
        return mount("none", path(name).c_str(), "tmpfs", 0, size) == 0;
    }

    ScratchFolder scratch;
};

TEST_F(Faults, AnErrorInACallback) {
    expect_error_then_resumes("error('thrown in a callback')", HasSubstr("thrown in a callback"),
                              [&] {
                                  EXPECT_EQ(events_of(path("run")).size(), 2U)
                                      << "the second epoch was told before its callback";
                              });
}

TEST_F(Faults, NoMemoryLeft) {
    expect_error_then_resumes("local x = torch.ones(1e15)",
                              testing::ContainsRegex("memory|allocate"));
}

TEST_F(Faults, ANumberThatIsNone) {
    scratch.write("trouble", "");
    const auto result =
        start("torch.no_grad(function() model:parameters()[1]:fill_(0/0) end)", "run");
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("the loss is nan at epoch 3, batch 1"));
    EXPECT_EQ(events_of(path("run")).size(), 2U);
    // The callback has spoilt the weights of the checkpoint too: it fails as before, and adds
    // nothing to the log.
    EXPECT_EQ(resume("run").status, 1);
    EXPECT_EQ(events_of(path("run")).size(), 2U);
}

TEST_F(Faults, AFullDisk) {
    if (!mount_small("disk", "size=1m")) {
        GTEST_SKIP() << "needs the right to mount a small tmpfs";
    }
    const auto result = start("", "disk/run");
    const bool grown = mount("none", path("disk").c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0;
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, HasSubstr("No space left"));
    EXPECT_TRUE(grown);
    expect_resumes("disk/run");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path("disk"))) {
        EXPECT_NE(entry.path().extension(), ".tmp");
    }
    umount(path("disk").c_str());
}

TEST_F(Faults, ADiskThatCannotBeWritten) {
    if (!mount_small("disk", "size=1m") ||
        mount("none", path("disk").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "") != 0) {
        GTEST_SKIP() << "needs the right to mount a small tmpfs";
    }
    const auto result = start("", "disk/run");
    umount(path("disk").c_str());
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err,
                HasSubstr("cannot create the run directory 'disk/run': Read-only file system"));
}

TEST_F(Faults, ADirectoryDeletedUnderTheRun) {
    const auto result = start("", "run", [&](int) {
        wait_for(path("run") / "checkpoints");
        std::error_code ignored;
        for (int i = 0; i < 100 && std::filesystem::exists(path("run") / "metrics.jsonl"); ++i) {
            std::filesystem::remove_all(path("run"),
                                        ignored);  // again where the run made a file meanwhile
        }
    });
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err,
                testing::ContainsRegex("was deleted during the run|No such file or directory"));
}

TEST_F(Faults, TwoRunsBegunInOneDirectory) {
    Result second;
    const auto first = start("", "run", [&](int) {
        wait_for(path("run") / "metrics.jsonl");
        second = run({"--out", "run", "-e", "hfc.run('x')"}, {.folder = scratch.path()});
    });
    EXPECT_EQ(first.status, 0) << first.err;
    EXPECT_EQ(second.status, 1);
    EXPECT_THAT(second.err, HasSubstr("is not empty"));
    EXPECT_EQ(events_of(path("run")).size(), 5U);
}

TEST_F(Faults, SignalsAtRandomMoments) {
    ASSERT_EQ(start("", "whole").status, 0);
    for (int i = 0; i < 4; ++i) {
        const auto out = "run" + std::to_string(i);
        const int signal = i % 2 == 0 ? SIGTERM : SIGINT;
        const auto result = start("", out, [&](int pid) {
            wait_for(path(out) / "metrics.jsonl");
            std::this_thread::sleep_for(std::chrono::milliseconds(60 * i));
            kill(pid, signal);
        });
        if (result.status != 0) {  // it may have been done
            EXPECT_EQ(result.status, 128 + signal) << result.err;
            EXPECT_EQ(resume(out).status, 0);
        }
        EXPECT_EQ(events_of(path(out)), events_of(path("whole"))) << i;
    }
}

}  // namespace
}  // namespace hfc::test
