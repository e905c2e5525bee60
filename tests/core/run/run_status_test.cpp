#include "run/run_status.h"

#include "scratch_folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

namespace hfc::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RunStatusTest, TellsSettingsAndWhetherTheRunLives) {
    const test::ScratchFolder folder("run status");
    RunStatus status(folder.path());
    EXPECT_FALSE(status.poll());
    std::ofstream(folder.path() / "config.json")
        << R"({"name":"x","options":{"epochs":{"natural":12},"lr":0.1},"command_line":["a"]})";
    const auto log = folder.path() / "metrics.jsonl";
    std::ofstream(log) << R"({"series":"natural","epoch":2,"train_seconds":3,"probe_seconds":1,)"
                       << R"("images_per_second":50})" << '\n';
    EXPECT_TRUE(status.poll());
    EXPECT_THAT(status.settings(),
                ElementsAre(Pair("name", "x"), Pair("options.epochs.natural", "12"),
                            Pair("options.lr", "0.1")));
    EXPECT_FALSE(status.running());
    RunData run(folder.path());
    run.poll();
    EXPECT_EQ(status.speed(run), "50 images/s, 4.0 s per epoch");
    const int file = ::open(log.c_str(), O_RDWR);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0) << "as hfc-host does";
    EXPECT_TRUE(status.poll());
    EXPECT_TRUE(status.running());
    EXPECT_EQ(status.speed(run), "50 images/s, 4.0 s per epoch, 40.0 s left for natural");
    ::close(file);
    EXPECT_TRUE(status.poll());
    EXPECT_FALSE(status.running());
}

TEST(RunStatusTest, ADamagedConfigIsNone) {
    const test::ScratchFolder folder("run status");
    for (const auto& text :
         std::vector<std::string>{"", "[1,2", "null", "\xff\xfe", std::string(300000, '[')}) {
        std::ofstream(folder.path() / "config.json") << text;
        RunStatus status(folder.path());
        status.poll();
        EXPECT_THAT(status.settings(), IsEmpty());
    }
}

}  // namespace
}  // namespace hfc::run
