// What RunData keeps beyond plain values: thinned curves, whole curves, pictures, and their limits.
#include "run/run_data.h"

#include "scratch_folder.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

namespace hfc::run {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsNan;

double value_at(size_t i) {
    return i == 777     ? -50
           : i == 5003  ? 60
           : i == 22222 ? -70
                        : std::sin(0.01 * static_cast<double>(i));
}

Curve curve_of(size_t points, const std::vector<size_t>& thinned_after) {
    Curve curve;
    for (size_t i = 0; i < points; ++i) {
        const auto at = static_cast<double>(i);
        curve.add({at, 2 * at, 3 * at}, value_at(i));
        if (std::find(thinned_after.begin(), thinned_after.end(), i) != thinned_after.end()) {
            curve.thin();
        }
    }
    return curve;
}

TEST(CurveTest, ThinnedItKeepsTheExtremesInTheirPlacesWhenAndWhereverTheyCome) {
    const auto curve = curve_of(30000, {9999, 19999});
    EXPECT_TRUE(curve.thinned());
    // 10 000 points make 5 000; with 10 000 more, two of each four, again 10 000, then half of
    // that; the last make two of each eight.
    EXPECT_EQ(curve.y.size(), 7500U);
    const auto& x = curve.along(Axis::epoch);
    EXPECT_TRUE(std::is_sorted(x.begin(), x.end()));
    for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(curve.y[i], value_at(static_cast<size_t>(x[i])));
        ASSERT_EQ(curve.along(Axis::step)[i], 2 * x[i]);
        ASSERT_EQ(curve.along(Axis::time)[i], 3 * x[i]);
    }
    const auto extreme = [&](double value) {
        return x[static_cast<size_t>(std::find(curve.y.begin(), curve.y.end(), value) -
                                     curve.y.begin())];
    };
    EXPECT_EQ(extreme(-50), 777);
    EXPECT_EQ(extreme(60), 5003);
    EXPECT_EQ(extreme(-70), 22222);
}

TEST(CurveTest, AGapStaysOneOnlyWhereThereIsNothingElse) {
    Curve curve;
    for (const double value : std::vector<double>{NAN, 1, 2, NAN, NAN, NAN, NAN, NAN}) {
        curve.add({0, 0, 0}, value);
    }
    curve.thin();
    EXPECT_THAT(curve.y, ElementsAre(1, 2, IsNan(), IsNan()));
    for (const double value : std::vector<double>{NAN, 5, NAN, 4}) {
        curve.add({0, 0, 0}, value);
    }
    EXPECT_THAT(curve.y, ElementsAre(1, 2, IsNan(), IsNan(), 5, 4));
}

TEST(RunDataTest, ThinsACurveOfMorePointsThanAreKeptAndSaysSo) {
    const test::ScratchFolder folder("viewer thinned");
    const RunDataLimits limits = {.points_per_curve = 10000};
    std::ofstream log(folder.path() / "metrics.jsonl");
    for (size_t i = 0; i <= limits.points_per_curve; ++i) {
        log << (i == 4321 ? "{\"loss\":9}\n" : "{\"loss\":1}\n");
    }
    log.close();
    RunData run(folder.path(), limits);
    EXPECT_TRUE(run.poll(60));
    ASSERT_FALSE(run.more());
    const auto& loss = run.panels().at("loss").at("loss");
    EXPECT_EQ(loss.y.size(), limits.points_per_curve / 2 + 1);
    EXPECT_EQ(*std::max_element(loss.y.begin(), loss.y.end()), 9);
    EXPECT_THAT(run.note(), testing::HasSubstr("1 curve(s) have too many points to keep"));
}

TEST(RunDataTest, ThinsTheLongestCurveIfAllTogetherHaveTooManyPoints) {
    RunData run("none", {.points = 3000});
    for (size_t i = 0; i < 2000; ++i) {
        run.take(i % 4 == 0 ? "{\"long\":1,\"short\":2}" : "{\"long\":1}");
    }
    EXPECT_EQ(run.panels().at("long").at("long").y.size(), 2000U);
    for (size_t i = 0; i < 600; ++i) {
        run.take("{\"long\":1}");
    }
    EXPECT_LT(run.panels().at("long").at("long").y.size(), 1500U);
    EXPECT_EQ(run.panels().at("short").at("short").y.size(), 500U);
}

TEST(RunDataTest, WholeCurvesHaveAVersionAnEpoch) {
    RunData run("none");
    run.take(R"({"curve":"spectrum","series":"natural","epoch":1,"x_name":"radius",)"
             R"("x":[0,1,2],"y":[5,null,7]})");
    run.take(R"({"curve":"spectrum","series":"natural","epoch":2,"x_name":"radius",)"
             R"("x":[0,1],"y":[3,4]})");
    run.take(R"({"curve":"spectrum","x_name":"radius","x":[],"y":[]})");
    EXPECT_THAT(run.panels(), IsEmpty());
    const auto& spectrum = run.whole_curves().at("spectrum");
    EXPECT_EQ(spectrum.x_name, "radius");
    const auto& natural = spectrum.by_series.at("natural");
    ASSERT_EQ(natural.size(), 2U);
    EXPECT_EQ(natural[0].epoch, 1);
    EXPECT_THAT(natural[0].x, ElementsAre(0, 1, 2));
    EXPECT_THAT(natural[0].y, ElementsAre(5, IsNan(), 7));
    EXPECT_THAT(natural[1].y, ElementsAre(3, 4));
    EXPECT_TRUE(std::isnan(spectrum.by_series.at("").at(0).epoch));
}

TEST(RunDataTest, OfTooManyWholeCurvesTheFirstAndTheLastEpochsStay) {
    const RunDataLimits limits = {.points = 6400};
    RunData run("none", limits);
    const size_t each = limits.points / 64, count = 70;
    std::string zeros = "0";
    for (size_t i = 1; i < each; ++i) {
        zeros += ",0";
    }
    for (size_t epoch = 1; epoch <= count; ++epoch) {
        run.take("{\"curve\":\"c\",\"epoch\":" + std::to_string(epoch) + ",\"x\":[" + zeros +
                 "],\"y\":[" + zeros + "]}");
    }
    const auto& versions = run.whole_curves().at("c").by_series.at("");
    EXPECT_EQ(versions.size(), 63U);
    EXPECT_EQ(versions.front().epoch, 1);
    EXPECT_EQ(versions[1].epoch, count - 61);
    EXPECT_EQ(versions.back().epoch, count);
    run.take("{\"curve\":\"long\",\"x\":[0," + zeros + "],\"y\":[0," + zeros + "]}");
    EXPECT_FALSE(run.whole_curves().contains("long"));
}

TEST(RunDataTest, PicturesHaveTheirGridAndCaptions) {
    RunData run("none");
    run.take(R"({"image":"grid","series":"natural","epoch":3,"file":"images/grid-1.png",)"
             R"("columns":2,"rows":1,"captions":["cat .9",7],"headings":["row"]})");
    run.take(R"({"image":"grid","file":"images/grid-2.png","columns":-1,"rows":1e300,)"
             R"("captions":"none"})");
    const auto& first = run.pictures().at("images/grid-1.png");
    EXPECT_EQ(first.columns, 2U);
    EXPECT_EQ(first.rows, 1U);
    EXPECT_THAT(first.captions, ElementsAre("cat .9", ""));
    EXPECT_THAT(first.headings, ElementsAre("row"));
    EXPECT_EQ(first.where, "natural, epoch 3");
    const auto& second = run.pictures().at("images/grid-2.png");
    EXPECT_EQ(second.columns, 0U);
    EXPECT_EQ(second.rows, 0U);
    EXPECT_THAT(second.captions, IsEmpty());
}

}  // namespace
}  // namespace hfc::run
