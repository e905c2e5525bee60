#include "mask/operator.h"

#include "frequency/half.h"
#include "mask/reference.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace hfc::mask {
namespace {

using test::distance;
using test::error_of;
using test::mask_reference;
using testing::HasSubstr;

at::Tensor noise(at::IntArrayRef shape, uint64_t stream) {
    return test::formula_values(c10::multiply_integers(shape), stream).reshape(shape);
}

TEST(MaskOperator, equals_numpy) {
    for (int i = 0; i < 5; ++i) {
        const auto name = "apply " + std::to_string(i);
        const auto x = mask_reference(name + " x"), mask = mask_reference(name + " mask"),
                   y = mask_reference(name + " y");
        EXPECT_EQ(mask::apply(x, mask).sizes(), y.sizes());
        EXPECT_LT(distance(mask::apply(x, mask), y), 1e-12) << name;
        EXPECT_LT(distance(mask::apply(x.to(at::kFloat), mask), y), 1e-5) << name;
        EXPECT_LT(distance(mask::apply(x.to(at::kFloat), symmetrise(mask)), y), 1e-5) << name;
    }
}

TEST(MaskOperator, takes_any_layout_and_keeps_the_dtype) {
    const auto x = noise({2, 3, 8, 8}, 1).to(at::kFloat), mask = noise({8, 8}, 2);
    const auto y = mask::apply(x.contiguous(at::MemoryFormat::ChannelsLast), mask);
    EXPECT_EQ(y.scalar_type(), at::kFloat);
    EXPECT_LT(distance(y, mask::apply(x, mask)), 1e-6);
    EXPECT_LT(distance(mask::apply(x, at::ones({8, 8})), x), 1e-6);
    EXPECT_LT(distance(mask::apply(x, mask) + mask::apply(x, 1 - mask), x), 1e-5)
        << "a mask and its complement add up";
}

/// The sum of weights * apply(x, mask), and its gradients beside finite differences.
void check_gradients(at::IntArrayRef x_shape, at::IntArrayRef mask_shape) {
    auto x = noise(x_shape, 3).requires_grad_(true),
         mask = noise(mask_shape, 4).requires_grad_(true);
    at::Tensor weights;
    const auto value = [&](const at::Tensor& at_x, const at::Tensor& at_mask) {
        const auto y = mask::apply(at_x, at_mask);
        weights = noise(y.sizes(), 5) - 0.5;
        return (weights * y.square()).sum();
    };
    const auto gradients = torch::autograd::grad({value(x, mask)}, {x, mask});
    const auto numeric = [&](const at::Tensor& of, auto&& evaluate) {
        auto result = at::zeros_like(of);
        for (int64_t i = 0; i < of.numel(); ++i) {
            auto step = at::zeros(of.numel(), at::kDouble);
            step[i] = 1e-5;
            step = step.reshape(of.sizes());
            result.view(-1)[i] =
                (evaluate(of.detach() + step) - evaluate(of.detach() - step)).detach() / 2e-5;
        }
        return result;
    };
    EXPECT_LT(distance(gradients[0],
                       numeric(x, [&](const at::Tensor& moved) { return value(moved, mask); })),
              1e-8);
    EXPECT_LT(distance(gradients[1],
                       numeric(mask, [&](const at::Tensor& moved) { return value(x, moved); })),
              1e-8);
    EXPECT_LT(distance(gradients[1], symmetrise(gradients[1])), 1e-12)
        << "the gradient of a mask is symmetric";
}

TEST(MaskOperator, has_the_gradients_of_finite_differences) {
    check_gradients({2, 3, 4, 5}, {4, 5});
    check_gradients({2, 3, 4, 4}, {3, 4, 4});
    check_gradients({2, 2, 3, 4}, {2, 1, 3, 4});
    check_gradients({1, 2, 3, 3}, {4, 1, 3, 3});
}

TEST(MaskOperator, can_be_differentiated_twice) {
    const auto x = noise({1, 2, 4, 5}, 6).requires_grad_(true),
               mask = noise({4, 5}, 7).requires_grad_(true);
    const auto gradient_sum = [&](const at::Tensor& at_x) {
        const auto y = mask::apply(at_x, mask);
        return torch::autograd::grad({(y * y * y).sum()}, {mask}, {}, true, /*create_graph=*/true)
            .front()
            .square()
            .sum();
    };
    const auto second = torch::autograd::grad({gradient_sum(x)}, {x}).front();
    auto step = at::zeros_like(x).detach();
    step[0][1][2][3] = 1e-5;
    const auto numeric =
        (gradient_sum(x.detach() + step) - gradient_sum(x.detach() - step)).item<double>() / 2e-5;
    EXPECT_NEAR(second[0][1][2][3].item<double>(), numeric, 1e-5 * std::abs(numeric));
}

TEST(HalfSpectra, hold_all_of_a_symmetric_map) {
    using namespace frequency;
    for (const auto& shape : {std::vector<int64_t>{6, 5}, {7, 8}, {1, 6}, {4, 1}, {2, 3, 8, 8}}) {
        const auto map = symmetrise(noise(shape, 8));
        EXPECT_LT(distance(full_of(half_of(map), map.size(-1)), map), 1e-15);
        EXPECT_LT(distance(symmetrise_half(half_of(map), map.size(-1)), half_of(map)), 1e-15);
        EXPECT_NEAR(
            (half_of(map) * column_counts(map.size(-1), map.options())).sum().item<double>(),
            map.sum().item<double>(), 1e-12);
    }
    const auto rough = half_of(noise({6, 6}, 9));
    const auto full = full_of(symmetrise_half(rough, 6), 6);
    EXPECT_LT(distance(full, symmetrise(full)), 1e-15);
}

TEST(MaskErrors, of_the_operator_name_what_is_wrong) {
    const auto x = at::rand({2, 3, 8, 6});
    const auto with = [&](const at::Tensor& mask) {
        return error_of([&] { mask::apply(x, mask); });
    };
    EXPECT_THAT(with(at::ones({6, 8})),
                HasSubstr("mask must be [..., 8, 6] (the images' height and width), got [6, 8]"));
    EXPECT_THAT(
        with(at::ones({2, 8, 6})),
        HasSubstr("a mask of shape [2, 8, 6] cannot be applied to images of shape [2, 3, 8, 6]"));
    EXPECT_THAT(with(at::ones({8, 6}, at::kLong)),
                HasSubstr("mask must have a floating-point dtype, got int64"));
    EXPECT_THAT(with(at::ones({8, 6}) / 0), HasSubstr("mask must contain only finite numbers"));
    EXPECT_THAT(with(at::Tensor()), HasSubstr("got an undefined tensor"));
    EXPECT_THAT(error_of([&] {
                    mask::apply(x.to(at::kLong), at::ones({8, 6}));
                }),
                HasSubstr("dtype float32 or float64, got int64"));
    EXPECT_THAT(error_of([&] {
                    mask::apply(at::rand({6}), at::ones({8, 6}));
                }),
                HasSubstr("at least two dimensions [..., H, W]"));
    EXPECT_THAT(error_of([&] { symmetrise(at::ones({3})); }),
                HasSubstr("at least two dimensions [..., H, W], got [3]"));
}

}  // namespace
}  // namespace hfc::mask
