#include "viewer/axis.h"
#include "viewer/reduce.h"
#include "viewer/run_data.h"
#include "viewer/tail.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ViewerTail : public testing::Test {
  protected:
    ViewerTail()
        : folder_(fs::temp_directory_path() / ("hfc-viewer-test-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
    }
    ~ViewerTail() override { fs::remove_all(folder_); }

    void write(const std::string& text, std::ios::openmode mode = std::ios::app) const {
        std::ofstream(file(), mode) << text;
    }
    fs::path file() const { return folder_ / "metrics.jsonl"; }
    Tail::News poll(size_t limit = 1 << 20) {
        lines_.clear();
        return tail_.poll([this] { lines_.emplace_back("(again)"); },
                          [this](const std::string& line) { lines_.push_back(line); }, limit);
    }

    fs::path folder_;
    Tail tail_{file()};
    std::vector<std::string> lines_;
};

TEST_F(ViewerTail, TellsEachLineOnceAndWaitsForATornOne) {
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

TEST_F(ViewerTail, BeginsAgainWhenCutOffReplacedOrWrittenAnewAtTheSameLength) {
    write("first\nsecond\n");
    poll();
    write("x\n", std::ios::trunc);
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "x"));
    write("y\nmore\n", std::ios::trunc);
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "y", "more"));
    std::ofstream(folder_ / "other") << "y\nmore\nz\n";
    fs::rename(folder_ / "other", file());
    EXPECT_TRUE(poll().restarted);
    EXPECT_THAT(lines_, ElementsAre("(again)", "y", "more", "z"));
    fs::remove(file());
    EXPECT_FALSE(poll().exists);
}

TEST_F(ViewerTail, ReadsAtMostTheLimit) {
    write("aaaa\nbbbb\n");
    EXPECT_TRUE(poll(6).more);
    EXPECT_THAT(lines_, ElementsAre("aaaa"));
    EXPECT_FALSE(poll(6).more);
    EXPECT_THAT(lines_, ElementsAre("bbbb"));
}

TEST_F(ViewerTail, GivesUpALineLongerThanEightMegabytes) {
    write(std::string(9 << 20, 'x') + "\nshort\n");
    EXPECT_EQ(poll(16 << 20).overlong, 1U);
    EXPECT_THAT(lines_, ElementsAre("short"));
}

TEST_F(ViewerTail, ARunIsItsCurves) {
    RunData run(folder_);
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
                HasSubstr("3 line(s) of metrics.jsonl are no events (the first: line 2)"));
    write("{\"loss\":1}\n", std::ios::trunc);
    EXPECT_TRUE(run.poll());
    EXPECT_EQ(run.panels().size(), 1U);
    EXPECT_THAT(run.note(), IsEmpty());
}

TEST_F(ViewerTail, AReadingThatTakesLongSaysHowFarItIs) {
    std::string lines;
    for (int i = 0; i < 1 << 17; ++i) {
        lines += "{\"loss\":1.12345}\n";  // 17 bytes
    }
    write(lines);
    RunData run(folder_);
    EXPECT_TRUE(run.poll(0));
    EXPECT_THAT(run.note(), HasSubstr("Reading: 11 % of 2 MB"));
    EXPECT_TRUE(run.poll(60));
    EXPECT_FALSE(run.more());
    EXPECT_THAT(run.note(), IsEmpty());
    EXPECT_EQ(run.panels().at("loss").at("loss").y.size(), size_t{1} << 17);
}

TEST_F(ViewerTail, NestingWithoutEndIsAForeignLine) {
    RunData run(folder_);
    run.take(std::string(1 << 20, '['));
    EXPECT_TRUE(run.panels().empty());
}

TEST(ViewerReduce, KeepsTheExtremesOfAMillionPoints) {
    std::vector<double> x(1000000), y(1000000);
    for (size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<double>(i);
        y[i] = std::sin(static_cast<double>(i));
    }
    y[500000] = 7;
    y[700000] = -9;
    const auto columns = reduce(x, y, {0, 1e6}, 1000);
    ASSERT_EQ(columns.size(), 1000U);
    EXPECT_EQ(columns[500].highest, 7);
    EXPECT_EQ(columns[700].lowest, -9);
    EXPECT_EQ(columns[3].first, y[3000]);
    EXPECT_EQ(columns[3].last, y[3999]);
}

TEST(ViewerReduce, RunsOnToTheBorderAndBreaksAtWhatIsNotFinite) {
    const auto columns = reduce({0, 1, 2, 3, 4, 5, 6}, {1, 2, 3, NAN, 5, 6, 7}, {2, 5}, 3);
    ASSERT_EQ(columns.size(), 4U);
    EXPECT_EQ(columns[0].pixel, -1);
    EXPECT_EQ(columns[0].last, 2);  // the nearest one outside
    EXPECT_EQ(columns[1].pixel, 0);
    EXPECT_EQ(columns[2].pixel, 2);
    EXPECT_TRUE(columns[2].gap_before);
    EXPECT_EQ(columns[3].pixel, 3);
    EXPECT_EQ(columns[3].last, 6);
    EXPECT_FALSE(columns[3].gap_before);
    EXPECT_THAT(reduce({-1e300, 1e300}, {0, 0}, {0, 1}, 10), testing::SizeIs(2));
}

TEST(ViewerReduce, SmoothingIsTheCorrectedMovingAverage) {
    EXPECT_THAT(smooth({3, 1, NAN, 2}, 0), testing::ElementsAre(3, 1, testing::IsNan(), 2));
    const auto smoothed = smooth({4, 4, 10}, 0.5);
    EXPECT_DOUBLE_EQ(smoothed[1], 4);
    EXPECT_DOUBLE_EQ(smoothed[2], (10 + 2 + 1) / 1.75);
}

std::vector<std::string> labels(const std::vector<Tick>& ticks) {
    std::vector<std::string> texts;
    for (const auto& tick : ticks) {
        texts.push_back(tick.label);
    }
    return texts;
}

TEST(ViewerAxis, TicksAreRoundAndToldApart) {
    EXPECT_THAT(labels(linear_ticks({0, 1}, 5)),
                ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
    EXPECT_THAT(labels(linear_ticks({-3, 12}, 4)), ElementsAre("0", "5", "10"));
    EXPECT_THAT(labels(linear_ticks({0, 3e6}, 3)), ElementsAre("0", "1e+06", "2e+06", "3e+06"));
    EXPECT_THAT(linear_ticks({1, 1}, 5), IsEmpty());
    EXPECT_THAT(linear_ticks({0, INFINITY}, 5), IsEmpty());
    EXPECT_THAT(labels(log_ticks({-2.5, 1.2}, 6)), ElementsAre("0.01", "0.1", "1", "10"));
    EXPECT_THAT(labels(log_ticks({std::log10(2), std::log10(5)}, 4)),
                ElementsAre("2", "3", "4", "5"));
}

TEST(ViewerAxis, AFittedRangeHasExtent) {
    EXPECT_LT(fitted(2, 2).low, 2);
    EXPECT_GT(fitted(0, 0).high, 0);
    EXPECT_DOUBLE_EQ(fitted(0, 10, 0.1).high, 11);
    EXPECT_DOUBLE_EQ(fitted(INFINITY, -INFINITY).high, 1);
}

}  // namespace
}  // namespace hfc::viewer
