#include "run/growing_tables.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <chrono>
#include <fstream>

namespace hfc::run {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(CsvTest, FieldsMayHoldCommasQuotesAndNewlines) {
    EXPECT_THAT(
        parse_csv("a,b\n1,\"x, \"\"y\"\"\nz\"\r\n,\n"),
        ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "x, \"y\"\nz"), ElementsAre("", "")));
    EXPECT_THAT(parse_csv(""), IsEmpty());
    EXPECT_THAT(parse_csv("a,\"torn"), ElementsAre(ElementsAre("a", "torn")));
}

TEST(GrowingTablesTest, AreReadAnewWhenTheyChange) {
    const test::ScratchFolder folder("growing tables");
    GrowingTables tables(folder.path());
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

TEST(GrowingTablesTest, AreCutAtARowAndSaySo) {
    const test::ScratchFolder folder("large table");
    std::ofstream large(folder.path() / "large.csv");
    large << "epoch,loss\n";
    for (int i = 0; i < 100000; ++i) {
        large << i << ",0.98765\n";
    }
    large.close();
    ASSERT_EQ(::mkfifo((folder.path() / "pipe.csv").c_str(), 0600), 0) << "not waited for";
    GrowingTables tables(folder.path());
    EXPECT_TRUE(tables.poll());
    ASSERT_EQ(tables.all().size(), 1U);
    const auto& rows = tables.all().at("large");
    ASSERT_GT(rows.size(), 1000U);
    EXPECT_EQ(rows.at(rows.size() - 2).at(1), "0.98765");
    EXPECT_THAT(rows.back().at(0), HasSubstr("only the first MB"));
}

}  // namespace
}  // namespace hfc::run
