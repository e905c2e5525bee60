#include "model/synchronised_norm.h"

#include "parallel_threads.h"

#include <ATen/ATen.h>

#include <gmock/gmock.h>

#include <vector>

namespace hfc::model {
namespace {

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

struct Passed {
    at::Tensor output, of_x, of_weight, of_bias, mean, variance;
};

/// PyTorch's own, over all images.
Passed joint(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
             const at::Tensor& gradient) {
    const auto leaf = x.clone().requires_grad_(true);
    const auto w = weight.clone().requires_grad_(true), b = bias.clone().requires_grad_(true);
    const auto mean = at::zeros_like(weight), variance = at::ones_like(weight);
    const auto output = at::batch_norm(leaf, w, b, mean, variance, true, .1, 1e-5, false);
    output.backward(gradient);
    return {output.detach(), leaf.grad(), w.grad(), b.grad(), mean, variance};
}

class SynchronisedNorm : public testing::TestWithParam<at::ScalarType> {};

TEST_P(SynchronisedNorm, is_that_of_all_images_with_uneven_parts) {
    const auto type = GetParam();
    const double tolerance = type == at::kDouble ? 1e-12 : 2e-5;
    at::manual_seed(3);
    // A mean far from 0: a plain mean of squares would lose most digits in float32.
    const auto x = (at::randn({7, 5, 4, 3}, at::kDouble) + 30).to(type);
    const auto weight = (at::rand({5}, at::kDouble) + .5).to(type);
    const auto bias = at::randn({5}, at::kDouble).to(type);
    const auto gradient = at::randn_like(x);
    const auto expected = joint(x.to(at::kDouble), weight.to(at::kDouble), bias.to(at::kDouble),
                                gradient.to(at::kDouble));
    const std::vector<int64_t> begins = {0, 1, 3, 7};
    std::vector<at::Tensor> of_weight(3), of_bias(3);
    test::on_ranks(3, [&](parallel::Group& group) {
        const auto rank = static_cast<size_t>(group.rank());
        const auto mine = [&](const at::Tensor& all) {
            return all.slice(0, begins[rank], begins[rank + 1]);
        };
        const auto leaf = mine(x).clone().requires_grad_(true);
        const auto w = weight.clone().requires_grad_(true), b = bias.clone().requires_grad_(true);
        const NormState state = {w, b, at::zeros_like(weight), at::ones_like(weight), .1, 1e-5};
        const auto output = synchronised_norm(group, leaf, state);
        output.backward(mine(gradient));
        EXPECT_LT(difference(output.detach(), mine(expected.output)), tolerance);
        EXPECT_LT(difference(leaf.grad(), mine(expected.of_x)), tolerance);
        EXPECT_LT(difference(state.mean, expected.mean), tolerance);
        EXPECT_LT(difference(state.variance, expected.variance), tolerance);
        of_weight[rank] = w.grad();
        of_bias[rank] = b.grad();
    });
    // Those of the weights stay each process's: their mean is taken with the others'.
    EXPECT_LT(difference(of_weight[0] + of_weight[1] + of_weight[2], expected.of_weight),
              10 * tolerance);
    EXPECT_LT(difference(of_bias[0] + of_bias[1] + of_bias[2], expected.of_bias), 10 * tolerance);
}

INSTANTIATE_TEST_SUITE_P(In, SynchronisedNorm, testing::Values(at::kDouble, at::kFloat),
                         [](const auto& type) { return std::string(at::toString(type.param)); });

TEST(SynchronisedNorms, concern_several_processes_only) {
    parallel::Solo solo;
    const SynchronisedNorms norms(solo, true);
    EXPECT_EQ(SynchronisedNorms::group(), nullptr);
}

}  // namespace
}  // namespace hfc::model
