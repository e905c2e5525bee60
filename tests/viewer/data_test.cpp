#include "viewer/axis.h"
#include "viewer/reduce.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

namespace hfc::viewer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
