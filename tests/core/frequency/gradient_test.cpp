#include "base/error.h"
#include "frequency/split.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <limits>

namespace hfc::frequency {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

double largest_gap(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

at::Tensor gradient(const at::Tensor& scalar, const at::Tensor& x, bool create_graph = false) {
    return torch::autograd::grad({scalar}, {x}, {}, create_graph, create_graph)[0];
}

TEST(SplitGradient, IsTheSameOperatorOnTheGradients) {
    const auto x = at::rand({2, 3, 32, 33}).requires_grad_();
    const auto weights = at::rand({4, 2, 3, 32, 33});
    const auto parts = frequency::split(x, {4, 9});
    const auto loss = (parts.low[0] * weights[0] + parts.low[1] * weights[1] +
                       parts.high[0] * weights[2] + parts.high[1] * weights[3])
                          .sum();
    const auto expected = low_pass(weights[0], 4) + low_pass(weights[1], 9) +
                          high_pass(weights[2], 4) + high_pass(weights[3], 9);
    EXPECT_LT(largest_gap(gradient(loss, x), expected), 1e-5);
}

TEST(SplitGradient, AgreesWithFiniteDifferences) {
    const auto x = at::rand({8, 10});
    const auto weights = at::rand({8, 10});
    const auto loss = [&](const at::Tensor& at) { return (high_pass(at, 2) * weights).sum(); };
    const auto variable = x.clone().requires_grad_();
    const auto analytic = gradient(loss(variable), variable);
    for (const auto& [i, j] : {std::pair{0, 0}, {3, 4}, {7, 9}}) {
        auto up = x.clone();
        auto down = x.clone();
        up[i][j] += 0.5;
        down[i][j] -= 0.5;
        EXPECT_NEAR(analytic[i][j].item<double>(), (loss(up) - loss(down)).item<double>(), 1e-5);
    }
}

TEST(SplitGradient, PartsThatAreNotUsedAddNothing) {
    const auto x = at::rand({3, 16, 16}).requires_grad_();
    const auto weights = at::rand({3, 16, 16});
    EXPECT_LT(largest_gap(gradient((frequency::split(x, {2, 5}).low[1] * weights).sum(), x),
                          low_pass(weights, 5)),
              1e-6);
    EXPECT_LT(
        largest_gap(
            gradient((frequency::split(x, {2, 5}, {.low = false}).high[0] * weights).sum(), x),
            high_pass(weights, 2)),
        1e-6);
    EXPECT_LT(largest_gap(gradient((low_pass(x, 5, Rule::exclusive) * weights).sum(), x),
                          low_pass(weights, 5, Rule::exclusive)),
              1e-6);
}

TEST(SplitGradient, CanBeDifferentiatedAgain) {
    const auto x = at::rand({16, 16}).requires_grad_();
    const auto first = gradient(low_pass(x, 4).pow(2).sum(), x, true);
    const auto weights = at::rand({16, 16});
    EXPECT_LT(largest_gap(gradient((first * weights).sum(), x), 2 * low_pass(weights, 4)), 1e-5);
}

TEST(SplitGradient, IsNotRecordedWhereNotAskedFor) {
    const auto x = at::rand({16, 16});
    EXPECT_FALSE(low_pass(x, 4).requires_grad());
    const auto variable = x.clone().requires_grad_();
    EXPECT_TRUE(low_pass(variable, 4).requires_grad());
    const at::NoGradGuard guard;
    EXPECT_FALSE(low_pass(variable, 4).requires_grad());
}

TEST(SplitErrors, NameTheParameterAndWhatWasFound) {
    const auto x = at::rand({3, 8, 8});
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THAT([&] { frequency::split(x.to(at::kDouble), {4}); },
                ThrowsMessage<Error>(
                    AllOf(HasSubstr("x must be of dtype float32"), HasSubstr("got float64"))));
    EXPECT_THAT([&] { frequency::split(x.to(at::kByte), {4}); },
                ThrowsMessage<Error>(HasSubstr("got uint8")));
    EXPECT_THAT([&] { frequency::split(x[0][0], {4}); },
                ThrowsMessage<Error>(
                    AllOf(HasSubstr("at least two dimensions"), HasSubstr("got shape [8]"))));
    EXPECT_THAT([&] { frequency::split(at::Tensor(), {4}); },
                ThrowsMessage<Error>(HasSubstr("undefined")));
    EXPECT_THAT([&] { frequency::split(x, {}); },
                ThrowsMessage<Error>(HasSubstr("at least one radius")));
    EXPECT_THAT(
        [&] {
            frequency::split(x, {4, -1});
        },
        ThrowsMessage<Error>(HasSubstr("a radius must be a finite number >= 0, got -1")));
    EXPECT_THAT([&] { low_pass(x, nan); },
                ThrowsMessage<Error>(HasSubstr("a radius must be a finite number")));
    EXPECT_THAT([&] { high_pass(x, std::numeric_limits<double>::infinity()); },
                ThrowsMessage<Error>(AllOf(HasSubstr("a radius must be"), HasSubstr("got inf"))));
    EXPECT_THAT([&] { radial_mask(0, 5, 1); }, ThrowsMessage<Error>(HasSubstr("got 0 x 5")));
    EXPECT_THAT([&] { radial_mask(5, 5, nan); }, ThrowsMessage<Error>(HasSubstr("got nan")));
    EXPECT_THAT([] { parse_rule("=<"); }, ThrowsMessage<Error>(HasSubstr("got \"=<\"")));
    EXPECT_EQ(parse_rule("<="), Rule::inclusive);
    EXPECT_EQ(parse_rule("<"), Rule::exclusive);
}

}  // namespace
}  // namespace hfc::frequency
