#include "run/tail.h"

#include "run/run_data.h"
#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TailTest : public testing::Test {
  protected:
    void write(const std::string& text, std::ios::openmode mode = std::ios::app) const {
        std::ofstream(file(), mode) << text;
    }
    fs::path file() const { return folder_.path() / "metrics.jsonl"; }
    Tail::News poll(size_t limit = 1 << 20) {
        lines_.clear();
        return tail_.poll([this] { lines_.emplace_back("(again)"); },
                          [this](const std::string& line) { lines_.push_back(line); }, limit);
    }

    test::ScratchFolder folder_{"tail"};
    Tail tail_{file()};
    std::vector<std::string> lines_;
};

TEST_F(TailTest, TellsEachLineOnceAndWaitsForATornOne) {
    EXPECT_FALSE(poll().exists);
    write("a\nb\nto");
    EXPECT_TRUE(poll().exists);
    EXPECT_THAT(lines_, ElementsAre("a", "b"));
    poll();
    EXPECT_THAT(lines_, IsEmpty());
    write("rn\n");
    poll();
    EXPECT_THAT(lines_, ElementsAre("torn"));
}

TEST_F(TailTest, BeginsAgainWhenCutOffReplacedOrWrittenAnewAtTheSameLength) {
    write("first\nsecond\n");
    poll();
    write("x\n", std::ios::trunc);
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "x"));
    write("y\nmore\n", std::ios::trunc);
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "y", "more"));
    std::ofstream(folder_.path() / "other") << "y\nmore\nz\n";
    fs::rename(folder_.path() / "other", file());
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "y", "more", "z"));
    fs::remove(file());
    EXPECT_FALSE(poll().exists);
}

TEST_F(TailTest, ReadsAtMostTheLimit) {
    write("aaaa\nbbbb\n");
    EXPECT_TRUE(poll(6).more);
    EXPECT_THAT(lines_, ElementsAre("aaaa"));
    EXPECT_FALSE(poll(6).more);
    EXPECT_THAT(lines_, ElementsAre("bbbb"));
}

TEST_F(TailTest, GivesUpALineLongerThanEightMegabytes) {
    write(std::string(9 << 20, 'x') + "\nshort\n");
    EXPECT_EQ(poll(16 << 20).overlong, 1U);
    EXPECT_THAT(lines_, ElementsAre("short"));
}

TEST_F(TailTest, ARunIsItsCurves) {
    RunData run(folder_.path());
    EXPECT_FALSE(run.poll());
    EXPECT_THAT(run.note(), HasSubstr("waiting"));
    write(
        "{\"series\":\"natural\",\"epoch\":1,\"step\":5,\"loss\":2.5,\"accuracy\":{\"train\":0.25,"
        "\"test\":null},\"time\":3.5}\n"
        "not json\n{\"own\":7}\n[1]\n\"\xff\"\n");
    EXPECT_TRUE(run.poll());
    const auto& loss = run.panels().at("loss").at("natural");
    EXPECT_THAT(loss.y, ElementsAre(2.5));
    EXPECT_THAT(loss.along(Axis::epoch), ElementsAre(1));
    EXPECT_THAT(loss.along(Axis::step), ElementsAre(5));
    EXPECT_THAT(loss.along(Axis::time), ElementsAre(3.5));
    EXPECT_THAT(run.panels().at("accuracy").at("natural: train").y, ElementsAre(0.25));
    EXPECT_TRUE(std::isnan(run.panels().at("accuracy").at("natural: test").y.at(0)));
    EXPECT_TRUE(std::isnan(run.panels().at("own").at("own").along(Axis::epoch).at(0)));
    EXPECT_THAT(run.note(),
                HasSubstr("3 line(s) of metrics.jsonl are not events (the first is line 2)"));
    write("{\"loss\":1}\n", std::ios::trunc);
    EXPECT_TRUE(run.poll());
    EXPECT_EQ(run.panels().size(), 1U);
    EXPECT_THAT(run.note(), IsEmpty());
}

TEST_F(TailTest, AReadingThatTakesLongSaysHowFarItIs) {
    std::string lines;
    for (int i = 0; i < 1 << 17; ++i) {
        lines += "{\"loss\":1.12345}\n";  // 17 bytes
    }
    write(lines);
    RunData run(folder_.path());
    EXPECT_TRUE(run.poll(0));
    EXPECT_THAT(run.note(), HasSubstr("Reading: 11 % of 2 MB"));
    EXPECT_TRUE(run.poll(60));
    EXPECT_FALSE(run.more());
    EXPECT_THAT(run.note(), IsEmpty());
    EXPECT_EQ(run.panels().at("loss").at("loss").y.size(), size_t{1} << 17);
}

TEST_F(TailTest, NestingWithoutEndIsAForeignLine) {
    RunData run(folder_.path());
    run.take(std::string(1 << 20, '['));
    EXPECT_TRUE(run.panels().empty());
}

}  // namespace
}  // namespace hfc::run
