// Against scipy (tests/fixtures/make_statistics.py).
#include "evidence/statistics.h"

#include "base/error.h"
#include "files.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

namespace hfc::evidence {
namespace {

using nlohmann::json;
using test::error_of;
using testing::HasSubstr;

/// A list of the fixture, by value: a range-based for keeps no parent of what it walks along.
json cases(const char* kind) {
    auto list = json::parse(test::read_bytes(HFC_FIXTURES "/evidence/statistics.json")).at(kind);
    EXPECT_GT(list.size(), 10U) << kind;
    return list;
}

/// To 1e-12 of the larger of the two sizes that the number is made of.
void expect_same(double ours, double theirs, double scale) {
    EXPECT_NEAR(ours, theirs, 1e-12 * std::max(std::abs(theirs), scale));
}

void expect_same(const Interval& ours, const json& theirs) {
    const double low = theirs.at("low"), high = theirs.at("high");
    const double half = (high - low) / 2;
    expect_same(ours.low, low, half);
    expect_same(ours.high, high, half);
    if (theirs.contains("mean")) {
        expect_same(ours.mean, theirs.at("mean"), 0);
    }
}

TEST(Statistics, mean_intervals_are_scipys) {
    for (const auto& one : cases("means")) {
        const auto values = one.at("values").get<std::vector<double>>();
        const auto interval = mean_interval(values, one.at("level"));
        EXPECT_EQ(interval.n, static_cast<int64_t>(values.size()));
        expect_same(interval, one);
    }
}

TEST(Statistics, wilson_intervals_are_scipys) {
    for (const auto& one : cases("proportions")) {
        const auto interval = wilson(one.at("successes"), one.at("n"), one.at("level"));
        expect_same(interval, one);
        EXPECT_EQ(interval.mean, one.at("successes").get<double>() / one.at("n").get<double>());
    }
}

TEST(Statistics, paired_differences_are_scipys) {
    for (const auto& one : cases("pairs")) {
        expect_same(paired_difference(one.at("a"), one.at("b"), one.at("level")), one);
    }
}

TEST(Statistics, one_value_has_no_interval) {
    const auto interval = mean_interval({0.5});
    EXPECT_EQ(interval.mean, 0.5);
    EXPECT_EQ(interval.n, 1);
    EXPECT_TRUE(std::isnan(interval.low) && std::isnan(interval.high));
    EXPECT_FALSE(interval.excludes_zero());
}

TEST(Statistics, equal_values_have_an_interval_without_width) {
    const auto interval = mean_interval({0.1, 0.1, 0.1});
    EXPECT_EQ(interval.mean, 0.1);
    EXPECT_EQ(interval.low, 0.1);
    EXPECT_EQ(interval.high, 0.1);
}

TEST(Statistics, a_difference_is_claimed_where_the_interval_excludes_zero) {
    EXPECT_TRUE(paired_difference({0.83, 0.82, 0.84}, {0.81, 0.80, 0.819}).excludes_zero());
    EXPECT_TRUE(paired_difference({0.81, 0.80, 0.819}, {0.83, 0.82, 0.84}).excludes_zero());
    EXPECT_FALSE(paired_difference({0.83, 0.70, 0.84}, {0.81, 0.80, 0.819}).excludes_zero());
    EXPECT_FALSE(paired_difference({1, 1, 1}, {1, 1, 1}).excludes_zero());
}

TEST(Statistics, refuses_what_has_no_interval) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT(error_of([] { mean_interval({}); }), HasSubstr("must not be empty"));
    EXPECT_THAT(error_of([&] { mean_interval({1, nan}); }), HasSubstr("got nan at position 2"));
    EXPECT_THAT(error_of([] { mean_interval({1, 2}, 1); }), HasSubstr("level"));
    EXPECT_THAT(error_of([&] { wilson(1, 2, nan); }), HasSubstr("level"));
    EXPECT_THAT(error_of([] { wilson(3, 2); }), HasSubstr("between 0 and n = 2, got 3"));
    EXPECT_THAT(error_of([] { wilson(-1, 2); }), HasSubstr("got -1"));
    EXPECT_THAT(error_of([] { wilson(0, 0); }), HasSubstr("n must be at least 1"));
    EXPECT_THAT(error_of([] { paired_difference({1, 2}, {1}); }), HasSubstr("got 2 and 1"));
}

}  // namespace
}  // namespace hfc::evidence
