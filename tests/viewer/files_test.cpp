// What the viewer reads besides curves, and what it writes.
#include "scratch_folder.h"

#include "run/csv.h"
#include "viewer/export.h"
#include "viewer/run_status.h"
#include "viewer/tables.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

namespace hfc::viewer {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TEST(ViewerTables, FieldsMayHoldCommasQuotesAndNewlines) {
    EXPECT_THAT(
        run::parse_csv("a,b\n1,\"x, \"\"y\"\"\nz\"\r\n,\n"),
        ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "x, \"y\"\nz"), ElementsAre("", "")));
    EXPECT_THAT(run::parse_csv(""), IsEmpty());
    EXPECT_THAT(run::parse_csv("a,\"torn"), ElementsAre(ElementsAre("a", "torn")));
}

TEST(ViewerTables, AreReadAnewWhenTheyChange) {
    const test::ScratchFolder folder("viewer tables");
    Tables tables(folder.path());
    EXPECT_FALSE(tables.poll());
    std::ofstream(folder.path() / "accuracy.csv") << "r,test\n4,0.5\n";
    std::ofstream(folder.path() / "accuracy.md") << "not a table of ours";
    EXPECT_TRUE(tables.poll());
    EXPECT_FALSE(tables.poll());
    EXPECT_THAT(tables.all(), ElementsAre(Pair("accuracy", ElementsAre(ElementsAre("r", "test"),
                                                                       ElementsAre("4", "0.5")))));
    std::ofstream(folder.path() / "accuracy.csv") << "r,test\n4,0.6\n";
    fs::last_write_time(folder.path() / "accuracy.csv",
                        fs::file_time_type::clock::now() + std::chrono::seconds(5));
    EXPECT_TRUE(tables.poll());
    EXPECT_EQ(tables.all().at("accuracy").at(1).at(1), "0.6");
    fs::remove(folder.path() / "accuracy.csv");
    EXPECT_TRUE(tables.poll());
    EXPECT_THAT(tables.all(), IsEmpty());
}

TEST(ViewerTables, AreCutAtARowAndSaySo) {
    const test::ScratchFolder folder("viewer large table");
    std::ofstream large(folder.path() / "large.csv");
    large << "epoch,loss\n";
    for (int i = 0; i < 100000; ++i) {
        large << i << ",0.98765\n";
    }
    large.close();
    ASSERT_EQ(::mkfifo((folder.path() / "pipe.csv").c_str(), 0600), 0) << "not waited for";
    Tables tables(folder.path());
    EXPECT_TRUE(tables.poll());
    ASSERT_EQ(tables.all().size(), 1U);
    const auto& rows = tables.all().at("large");
    ASSERT_GT(rows.size(), 1000U);
    EXPECT_EQ(rows.at(rows.size() - 2).at(1), "0.98765");
    EXPECT_THAT(rows.back().at(0), HasSubstr("only the first MB"));
}

TEST(ViewerStatus, TellsSettingsAndWhetherTheRunLives) {
    const test::ScratchFolder folder("viewer status");
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
    EXPECT_EQ(status.speed(run), "50 images/s, 4.0 s an epoch");
    const int file = ::open(log.c_str(), O_RDWR);
    ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0) << "as hfc-host does";
    EXPECT_TRUE(status.poll());
    EXPECT_TRUE(status.running());
    EXPECT_EQ(status.speed(run), "50 images/s, 4.0 s an epoch, 40.0 s left of natural");
    ::close(file);
    EXPECT_TRUE(status.poll());
    EXPECT_FALSE(status.running());
}

TEST(ViewerStatus, ADamagedConfigIsNone) {
    const test::ScratchFolder folder("viewer status");
    for (const auto& text :
         std::vector<std::string>{"", "[1,2", "null", "\xff\xfe", std::string(300000, '[')}) {
        std::ofstream(folder.path() / "config.json") << text;
        RunStatus status(folder.path());
        status.poll();
        EXPECT_THAT(status.settings(), IsEmpty());
    }
}

class ViewerExport : public testing::Test {
  protected:
    std::vector<double> x = {1, 2, 3, 4}, y = {0.5, NAN, 0.25, 1.0 / 3}, low, high;
    ExportPanel panel = {"accuracy & more",
                         "epoch",
                         false,
                         false,
                         {0, 4},
                         {0, 1},
                         {{"natural, \"a\"", &x, &y, &low, &high, 0x0072B2}}};
};

TEST_F(ViewerExport, CsvHasEveryFinitePointWithAllDigits) {
    EXPECT_EQ(
        to_csv(panel),
        "curve,epoch,accuracy & more\n\"natural, \"\"a\"\"\",1,0.5\n\"natural, \"\"a\"\"\",3,0.25\n"
        "\"natural, \"\"a\"\"\",4,0.33333333333333331\n");
    panel.logarithmic = true;
    y = {1, 2, -3, 0};
    EXPECT_THAT(to_csv(panel), HasSubstr(",1,10\n"));
    EXPECT_THAT(to_csv(panel), HasSubstr(",3,0.001\n"));
}

TEST_F(ViewerExport, SvgHasThePointsWhereTheyBelong) {
    const auto svg = to_svg(panel, 254, 182);  // the frame: 64 to 64, too narrow; so wider:
    EXPECT_THAT(svg, HasSubstr("accuracy &amp; more"));
    const auto wide = to_svg(panel, 654, 182);  // 64 to 464 horizontally, 34 to 134 vertically
    EXPECT_THAT(wide, HasSubstr("M164.00 84.00M364.00 109.00L464.00 100.67\""))
        << "a gap where the value is not finite";
    EXPECT_THAT(wide, HasSubstr("stroke=\"#0072b2\""));
    EXPECT_THAT(wide, HasSubstr("natural, \"a\"</text>"));
}

TEST_F(ViewerExport, ABandIsInBoth) {
    low = {0.25, NAN, 0.25, 0.25};
    high = {0.75, NAN, 0.5, 0.5};
    panel.curves[0].dotted = true;
    EXPECT_THAT(to_csv(panel), testing::StartsWith("curve,epoch,accuracy & more,accuracy & more "
                                                   "low,accuracy & more high\n\"natural, "
                                                   "\"\"a\"\"\",1,0.5,0.25,0.75\n"));
    const auto svg = to_svg(panel, 654, 182);
    EXPECT_THAT(svg, HasSubstr("<polygon points=\"164.00,59.00 364.00,84.00 464.00,84.00 "
                               "464.00,109.00 364.00,109.00 164.00,109.00 \""));
    EXPECT_THAT(svg, HasSubstr("stroke-dasharray"));
}

TEST_F(ViewerExport, AMillionPointsMakeASmallPicture) {
    x.resize(1000000);
    y.resize(1000000);
    for (size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<double>(i);
        y[i] = std::sin(static_cast<double>(i) / 1000);
    }
    panel.x = {0, 1e6};
    const auto svg = to_svg(panel);
    EXPECT_LT(svg.size(), 200000U);
    EXPECT_GT(svg.size(), 10000U) << "the curve is in it";
}

TEST_F(ViewerExport, NothingIsOverwritten) {
    const test::ScratchFolder folder("viewer export");
    EXPECT_EQ(unused_name(folder.path(), "loss", "csv").filename(), "loss.csv");
    std::ofstream(folder.path() / "loss.csv") << "mine";
    EXPECT_EQ(unused_name(folder.path(), "loss", "csv").filename(), "loss-2.csv");
}

}  // namespace
}  // namespace hfc::viewer
