// Names of curves, and what typing leaves of them.
#include "viewer/filter.h"
#include "viewer/series_name.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace hfc::viewer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ViewerName, HasSeriesSubsetBandAndRadius) {
    const auto low = parse_series_name("natural: train low r=4");
    EXPECT_EQ(low.series, "natural");
    EXPECT_EQ(low.quantity, "train low r=4");
    EXPECT_EQ(low.subset, "train");
    EXPECT_EQ(low.band, Band::low);
    EXPECT_EQ(low.radius, 4);
    const auto high = parse_series_name("a: b: high-pass r<=2.5");
    EXPECT_EQ(high.series, "a: b");
    EXPECT_EQ(high.subset, "");
    EXPECT_EQ(high.band, Band::high);
    EXPECT_EQ(high.radius, 2.5);
    const auto plain = parse_series_name("lower r=x slow");
    EXPECT_EQ(plain.series, "");
    EXPECT_EQ(plain.subset, "lower r=x slow");
    EXPECT_EQ(plain.band, Band::none);
    EXPECT_FALSE(plain.has_radius());
}

/// The thirty-five curves of two trainings with seven radii.
std::vector<std::string> curves() {
    std::vector<std::string> names = {"loss natural", "accuracy natural: test",
                                      "accuracy natural: train"};
    for (const std::string series : {"natural", "shuffled"}) {
        for (const std::string band : {"low", "high"}) {
            for (const std::string radius : {"2", "4", "6", "8", "10", "12", "14", "16"}) {
                names.push_back("accuracy " + series);
                names.back().append(": train ").append(band).append(" r=").append(radius);
            }
        }
    }
    return names;
}

std::vector<std::string> left_by(const std::string& typed) {
    const auto names = curves();
    const auto matches = matching(names, typed);
    std::vector<std::string> left;
    for (size_t i = 0; i < names.size(); ++i) {
        if (matches[i]) {
            left.push_back(names[i]);
        }
    }
    return left;
}

TEST(ViewerFilter, ThreeLettersLeaveOneCurveOfThirtyFive) {
    ASSERT_EQ(curves().size(), 35U);
    EXPECT_THAT(left_by("nl4"), ElementsAre("accuracy natural: train low r=4"));
    EXPECT_THAT(left_by("nh6"), ElementsAre("accuracy natural: train high r=6"));
    EXPECT_THAT(left_by("NTE"), ElementsAre("accuracy natural: test"));
}

TEST(ViewerFilter, WordsAreContainedInAnyCaseAndOrder) {
    EXPECT_THAT(left_by("R=12 NATURAL low"), ElementsAre("accuracy natural: train low r=12"));
    EXPECT_EQ(left_by("shuffled").size(), 16U);
    EXPECT_EQ(left_by("").size(), 35U);
    EXPECT_EQ(left_by("  ").size(), 35U);
    EXPECT_THAT(left_by("nothing of it"), IsEmpty());
    EXPECT_THAT(left_by("nl1"), IsEmpty()) << "a number is whole: not 10, 12, 14 or 16";
}

}  // namespace
}  // namespace hfc::viewer
