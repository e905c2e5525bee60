// Where labels stand, which line is pointed at, bands, tables, and what is remembered.
#include "viewer/end_labels.h"
#include "viewer/hit.h"
#include "viewer/layout_file.h"
#include "viewer/repeats.h"
#include "viewer/table_view.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace hfc::viewer {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsNan;

TEST(ViewerLabels, ThoseThatDoNotTouchStayAndOthersGiveWayEqually) {
    EXPECT_THAT(spread_labels({50, 20, 80}, 10, {0, 100}), ElementsAre(50, 20, 80));
    EXPECT_THAT(spread_labels({50, 50, 50}, 10, {0, 100}), ElementsAre(40, 50, 60));
    EXPECT_THAT(spread_labels({50, 54}, 10, {0, 100}), ElementsAre(47, 57));
    EXPECT_THAT(spread_labels({0, 1, 99}, 10, {0, 100}), ElementsAre(5, 15, 95));
    EXPECT_THAT(spread_labels({}, 10, {0, 100}), testing::IsEmpty());
    EXPECT_THAT(spread_labels({NAN, 30}, 10, {0, 100}), ElementsAre(IsNan(), 30));
}

TEST(ViewerLabels, TheBeginningThatAllShareEndsWithAWord) {
    EXPECT_EQ(shared_beginning({"mine-1122: test", "mine-1124: test"}),
              std::string("mine-").size());
    EXPECT_EQ(shared_beginning({"low r=4", "low r=48", "low r=8"}), std::string("low ").size());
    EXPECT_EQ(shared_beginning({"test", "training"}), 0U);
    EXPECT_EQ(shared_beginning({"training test", "test"}), 0U);
    EXPECT_EQ(shared_beginning({"training: low", "training: low r=4"}),
              std::string("training: ").size());
    EXPECT_EQ(shared_beginning({"a run: test"}), 0U) << "nothing to tell apart";
    EXPECT_EQ(shared_beginning({}), 0U);
}

TEST(ViewerLabels, TheEndingThatAllShareIsThatOfTheirSeries) {
    EXPECT_EQ(shared_ending({"mine-1122 / training", "mine-1124 / training"}),
              std::string(" / training").size());
    EXPECT_EQ(shared_ending({"a / natural: test", "b / natural: test", "b2 / natural: test"}),
              std::string(" / natural: test").size());
    EXPECT_EQ(shared_ending({"a / natural: test", "b / shuffled: test"}), 0U);
    EXPECT_EQ(shared_ending({"a / low", "a / low"}), std::string(" / low").size());
    EXPECT_EQ(shared_ending({"a / low"}), 0U) << "nothing to tell apart";
    EXPECT_EQ(shared_ending({}), 0U);
}

TEST(ViewerLabels, NoneOverlapsHoweverManyThereAre) {
    std::vector<double> wanted;
    for (int i = 0; i < 35; ++i) {
        wanted.push_back(50 + 0.1 * std::sin(i));
    }
    const auto places = spread_labels(wanted, 9, {0, 200});
    std::vector<double> shown;
    for (const double place : places) {
        if (!std::isnan(place)) {
            shown.push_back(place);
        }
    }
    EXPECT_EQ(shown.size(), 22U) << "as many as there is room for";
    std::sort(shown.begin(), shown.end());
    EXPECT_GE(shown.front(), 4.5 - 1e-9);
    EXPECT_LE(shown.back(), 195.5 + 1e-9);
    for (size_t i = 1; i < shown.size(); ++i) {
        EXPECT_GE(shown[i] - shown[i - 1], 9 - 1e-9);
    }
}

class ViewerHit : public testing::Test {
  protected:
    Frame frame = {100, 50, 300, 250, {0, 10}, {0, 10}};
    /// From (0, 2) to (10, 2), a line 40 pixels above the lower edge.
    std::vector<Column> flat = reduce({0, 10}, {2, 2}, frame.x, 200);
};

TEST_F(ViewerHit, ALineIsNamedWithinEightPixelsAndNotBeyond) {
    EXPECT_NEAR(distance_to_line(frame, flat, 200, 210), 0, 1e-3);
    EXPECT_NEAR(distance_to_line(frame, flat, 200, 203), 7, 1e-3);
    EXPECT_NEAR(distance_to_line(frame, flat, 200, 217.5F), 7.5, 1e-3);
    EXPECT_EQ(distance_to_line(frame, flat, 200, 201), naming_distance);
    EXPECT_EQ(distance_to_line(frame, flat, 200, 219), naming_distance);
}

TEST_F(ViewerHit, AGapIsNoLineAndASpikeIsOne) {
    const auto gap = reduce({0, 2, 4, 6, 10}, {2, 2, NAN, 2, 2}, frame.x, 200);
    EXPECT_EQ(distance_to_line(frame, gap, 180, 210), naming_distance);
    EXPECT_LT(distance_to_line(frame, gap, 130, 210), 1);
    std::vector<double> x, y;
    for (int i = 0; i <= 100000; ++i) {
        x.push_back(i * 1e-4);
        y.push_back(i == 50000 ? 9 : 2);
    }
    const auto spike = reduce(x, y, frame.x, 200);
    EXPECT_LT(distance_to_line(frame, spike, 200, 100), 2);
    EXPECT_EQ(distance_to_line(frame, spike, 220, 100), naming_distance);
}

TEST(ViewerRepeats, AreTheirMeanWithItsInterval) {
    const std::vector<double> x = {1, 2, 3}, a = {1, 5, 7}, b = {2, NAN, 7}, c = {3, 7, 7};
    const auto joined = join_repeats({{&x, &a}, {&x, &b}, {&x, &c}});
    EXPECT_EQ(joined.most, 3U);
    EXPECT_THAT(joined.x, ElementsAre(1, 2, 3));
    EXPECT_THAT(joined.mean, ElementsAre(2, 6, 7));
    constexpr double t2 = 4.302652729911275;  // Student's t, 97.5 %, 2 degrees of freedom
    EXPECT_NEAR(joined.low[0], 2 - t2 / std::sqrt(3), 1e-9);
    EXPECT_NEAR(joined.high[0], 2 + t2 / std::sqrt(3), 1e-9);
    EXPECT_DOUBLE_EQ(joined.high[2], 7);
    const std::vector<double> longer = {1, 1, 4}, values = {9, 1, 8};
    const auto two = join_repeats({{&x, &a}, {&longer, &values}});
    EXPECT_THAT(two.x, ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(two.mean, ElementsAre(1, 5, 7, 8)) << "of a place that comes twice the last value";
    EXPECT_EQ(two.low[3], 8);
}

TEST(ViewerTableView, DigitsAreThoseThatTell) {
    const run::CsvRows rows = {{"r", "accuracy", "lr", "what", "huge", "mixed"},
                               {"4", "0.966812345", "0.001", "a.b", "12345678.5", "1e-9"},
                               {"12", "0.5", "0.1", "", "1", "123.456789"}};
    const auto shown = readable(rows);
    EXPECT_THAT(shown[1], ElementsAre("4", "0.9668", "0.001", "a.b", "1.235e+07", "1e-09"));
    EXPECT_THAT(shown[2], ElementsAre("12", "0.5000", "0.100", "", "1", "123.5"));
    EXPECT_EQ(readable({{"lr"}, {"0.001"}, {"0.003"}})[1][0], "0.001");
    EXPECT_EQ(readable({}), run::CsvRows());
    EXPECT_EQ(readable({{"a"}, {"nan"}, {"1.5", "more"}})[2][1], "more");
}

TEST(ViewerTableView, RowsAreSortedByNumbersAndNames) {
    const run::CsvRows rows = {{"x"}, {"r=12"}, {"10"}, {""}, {"9"}, {"r=4"}, {"-1e3"}, {"nan"}};
    EXPECT_THAT(sorted_rows(rows, 0, false), ElementsAre(6, 4, 2, 7, 5, 1, 3));
    EXPECT_THAT(sorted_rows(rows, 0, true), ElementsAre(2, 4, 6, 1, 5, 7, 3));
    EXPECT_THAT(sorted_rows({{"x"}, {"1"}}, 5, false), ElementsAre(1));
}

TEST(ViewerLayoutFile, IsReadBackAndADamagedOneIsTheUsual) {
    const test::ScratchFolder folder("viewer layout");
    const auto path = folder.path() / "new" / "viewer.json";
    Layout layout;
    layout.choice.axis = Axis::time;
    layout.choice.split = Split::curve;
    layout.choice.smoothing = 0.5F;
    layout.choice.logarithmic_x = true;
    layout.choice.bands = false;
    layout.choice.filter = "typed";
    layout.choice.hidden = {"x"};
    layout.tab = 2;
    layout.width = 900;
    ASSERT_TRUE(write_layout(path, layout));
    const auto read = read_layout(path);
    auto expected = layout.choice;
    expected.filter.clear();
    expected.hidden.clear();
    EXPECT_EQ(read.choice, expected);
    EXPECT_EQ(read.tab, 2);
    EXPECT_EQ(read.width, 900);
    for (const std::string text :
         {"", "[]", "{\"axis\":99,\"smoothing\":-1,\"dark\":7,\"tab\":\"x\",\"width\":1e99}",
          "{\"axis\":", "\xff"}) {
        std::ofstream(path) << text;
        EXPECT_EQ(read_layout(path).choice, Choice()) << text;
        EXPECT_EQ(read_layout(path).width, Layout().width) << text;
    }
    EXPECT_FALSE(write_layout("/dev/null/x/viewer.json", layout));
}

}  // namespace
}  // namespace hfc::viewer
