#include "base/random.h"

#include "base/error.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/PhiloxRNGEngine.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

namespace hfc {
namespace {

TEST(Random, SeedAndPurposeDecide) {
    EXPECT_EQ(derive_seed(1, "a"), derive_seed(1, "a"));
    EXPECT_NE(derive_seed(1, "a"), derive_seed(2, "a"));
    EXPECT_NE(derive_seed(1, "a"), derive_seed(1, "b"));
}

TEST(Random, PermutationHoldsEveryNumberOnce) {
    const auto order = permutation(1000, 7, "test");
    EXPECT_TRUE(std::get<0>(order.sort()).equal(at::arange(1000, at::kLong)));
    EXPECT_FALSE(order.equal(at::arange(1000, at::kLong)));
    EXPECT_TRUE(order.equal(permutation(1000, 7, "test")));
    EXPECT_FALSE(order.equal(permutation(1000, 8, "test")));
}

TEST(Random, TheGlobalGeneratorIsLeftAlone) {
    at::manual_seed(3);
    const auto expected = at::rand({4});
    at::manual_seed(3);
    permutation(10, 1, "test");
    EXPECT_TRUE(at::rand({4}).equal(expected));
}

TEST(Philox, GivesTheReferenceVectors) {
    // kat_vectors of Random123 1.14: counter, key, result.
    using Words = std::array<uint32_t, 4>;
    EXPECT_EQ(philox({0, 0, 0, 0}, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffffffffffff),
              (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

using Draw = at::Tensor (*)(const at::Tensor&, int64_t, uint64_t, std::string_view);
constexpr Draw draws[] = {uniform_by_sample, uniform_float_by_sample, normal_by_sample};

TEST(RandomBySample, NumbersAreThoseOfPhilox) {
    const auto key = derive_seed(3, "test");
    const auto samples = at::tensor({int64_t{5}, (int64_t{1} << 40) + 2});
    const auto singles = uniform_float_by_sample(samples, 203, 3, "test");
    const auto doubles = uniform_by_sample(samples, 203, 3, "test");
    for (int64_t row = 0; row < 2; ++row) {
        const auto sample = static_cast<uint64_t>(samples[row].item<int64_t>());
        at::Philox4_32 words(key, sample), pairs(key, sample);
        for (int64_t i = 0; i < 203; ++i) {
            EXPECT_EQ(singles[row][i].item<float>(),
                      static_cast<float>(words() >> 8) / static_cast<float>(1 << 24));
            const uint64_t low = pairs(), high = pairs();
            EXPECT_EQ(doubles[row][i].item<double>(),
                      std::ldexp(static_cast<double>((high << 32 | low) >> 11), -53));
        }
    }
}

TEST(RandomBySample, NormalNumbersAreBoxAndMullers) {
    at::Philox4_32 words(derive_seed(8, "test"), 77);
    const auto numbers = normal_by_sample(at::tensor({int64_t{77}}), 2001, 8, "test")[0];
    for (int64_t i = 0; i + 1 < 2001; i += 2) {
        const double length = std::sqrt(-2 * std::log((words() + 1.0) / 0x1p32));
        const double angle = (words() / 0x1p32 - 0.125) * 2 * std::numbers::pi;
        EXPECT_NEAR(numbers[i].item<double>(), length * std::cos(angle), 1e-6);
        EXPECT_NEAR(numbers[i + 1].item<double>(), length * std::sin(angle), 1e-6);
    }
}

TEST(RandomBySample, ARowDependsOnItsSampleAlone) {
    const auto samples = at::tensor({9, 0, 5, 9, 123456, 1}, at::kLong);
    for (const auto draw : draws) {
        const auto whole = draw(samples, 3072, 1, "a");
        ASSERT_EQ(whole.sizes(), at::IntArrayRef({6, 3072}));
        for (int64_t i = 0; i < 6; ++i) {
            EXPECT_TRUE(draw(samples.slice(0, i, i + 1), 3072, 1, "a")[0].equal(whole[i]));
        }
        EXPECT_TRUE(whole[0].equal(whole[3]));
        EXPECT_TRUE(draw(samples, 70, 1, "a").equal(whole.slice(1, 0, 70)))
            << "fewer are the first ones";
        for (int64_t i = 1; i < 6; ++i) {
            EXPECT_TRUE(i == 3 || !whole[i].equal(whole[0]));
        }
        EXPECT_FALSE(draw(samples, 3072, 2, "a").equal(whole));
        EXPECT_FALSE(draw(samples, 3072, 1, "b").equal(whole));
        EXPECT_EQ(draw(samples.slice(0, 0, 0), 7, 1, "a").sizes(), at::IntArrayRef({0, 7}));
        EXPECT_EQ(draw(samples, 0, 1, "a").sizes(), at::IntArrayRef({6, 0}));
    }
}

TEST(RandomBySample, TheNumberOfThreadsChangesNothing) {
    const auto samples = at::arange(500);
    const auto threads = at::get_num_threads();
    for (const auto draw : draws) {
        at::set_num_threads(1);
        const auto alone = draw(samples, 301, 1, "a");
        at::set_num_threads(4);
        EXPECT_TRUE(draw(samples, 301, 1, "a").equal(alone));
        at::set_num_threads(threads);
    }
}

/// Along rows, along columns and between neighbours.
void expect_independent(const at::Tensor& numbers, double mean, double variance) {
    const auto x = (numbers.to(at::kDouble) - mean) / std::sqrt(variance);
    const auto count = static_cast<double>(x.numel());
    EXPECT_NEAR(x.mean().item<double>(), 0, 4 / std::sqrt(count));
    EXPECT_NEAR(x.square().mean().item<double>(), 1, 8 / std::sqrt(count));
    for (const int64_t axis : {0, 1}) {
        const auto means = x.mean(axis) * std::sqrt(static_cast<double>(x.size(axis)));
        EXPECT_LT(means.abs().max().item<double>(), 5);
        for (const int64_t lag : {1, 2, 4, 64}) {
            const auto length = x.size(axis) - lag;
            const auto product = x.narrow(axis, 0, length) * x.narrow(axis, lag, length);
            EXPECT_NEAR(product.mean().item<double>(), 0, 4.5 / std::sqrt(count))
                << "axis " << axis << " lag " << lag;
        }
    }
}

TEST(RandomBySample, HasTheMomentsOfItsDistribution) {
    const auto samples = at::arange(700) * 3 + 40000;
    for (const auto draw : {uniform_by_sample, uniform_float_by_sample}) {
        const auto numbers = draw(samples, 600, 5, "moments");
        EXPECT_GE(numbers.min().item<double>(), 0);
        EXPECT_LT(numbers.max().item<double>(), 1);
        expect_independent(numbers, 0.5, 1.0 / 12);
    }
    const auto numbers = normal_by_sample(samples, 600, 5, "moments");
    expect_independent(numbers, 0, 1);
    for (const double border : {-2.0, -1.0, 0.0, 0.5, 1.5, 2.5, 3.5}) {
        const double below = std::erfc(-border / std::numbers::sqrt2) / 2;
        EXPECT_NEAR(numbers.lt(border).to(at::kDouble).mean().item<double>(), below,
                    4 * std::sqrt(below * (1 - below) / static_cast<double>(numbers.numel())))
            << border;
    }
}

TEST(RandomBySample, WantsIndices) {
    EXPECT_THROW(uniform_by_sample(at::zeros({3}), 1, 0, ""), Error);
    EXPECT_THROW(uniform_by_sample({}, 1, 0, ""), Error);
    EXPECT_TRUE(sample_indices({}, 3).equal(at::arange(3)));
    EXPECT_TRUE(sample_indices(at::arange(5, 8), 3).equal(at::arange(5, 8)));
    EXPECT_THROW(sample_indices(at::arange(4), 3), Error);
    EXPECT_THROW(sample_indices(at::zeros({3}), 3), Error);
}

TEST(Interrupt, ARequestIsSeenUntilItIsCleared) {
    clear_interrupt();
    EXPECT_NO_THROW(check_interrupt());
    request_interrupt();
    EXPECT_TRUE(interrupt_requested());
    EXPECT_THROW(check_interrupt(), Interrupted);
    clear_interrupt();
    EXPECT_NO_THROW(check_interrupt());
}

}  // namespace
}  // namespace hfc
