// Three steps of each optimizer against PyTorch's from the same weights.
#include "optim/optimizer.h"

#include "cuda.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::optim {
namespace {

using test::distance;
using test::error_of;
using test::reference;
using testing::HasSubstr;

struct Case {
    const char* line;
    OptimizerOptions options;
    bool channels_last;
};

void PrintTo(const Case& c, std::ostream* out) {
    *out << c.line << (c.channels_last ? " channels_last" : "");
}

class ThreeSteps : public testing::TestWithParam<Case> {};

TEST_P(ThreeSteps, are_within_1e_5_of_pytorch) {
    const auto& c = GetParam();
    auto model = model::make("preact_resnet8");
    test::set_formula_weights(*model);
    auto images = test::formula_images(8, 3, 32);
    if (c.channels_last) {
        model::use_channels_last(*model);
        images = images.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const auto optimizer = make_optimizer(model->parameters(), c.options);
    std::vector<at::Tensor> losses, weights;
    for (int step = 0; step < 3; ++step) {
        optimizer->zero_grad();
        const auto loss = at::cross_entropy_loss(model->forward(images), at::arange(8));
        loss.backward();
        optimizer->step();
        losses.push_back(loss.detach());
        std::vector<at::Tensor> flat;
        for (const auto& parameter : model->parameters()) {
            flat.push_back(parameter.detach().reshape({-1}));
        }
        weights.push_back(at::cat(flat).slice(0, 0, std::nullopt, 101).clone());
    }
    EXPECT_LT(distance(at::stack(losses), reference(std::string(c.line) + "_losses")), 1e-5);
    EXPECT_LT(distance(at::cat(weights), reference(std::string(c.line) + "_weights")), 1e-5);
}

const OptimizerOptions adam = {"adam", 1e-4, 0, 0}, adam_decay = {"adam", 1e-4, 0, 0.01},
                       sgd = {"sgd", 0.01, 0, 0}, sgd_momentum = {"sgd", 0.01, 0.9, 0.01};

INSTANTIATE_TEST_SUITE_P(Optimizers, ThreeSteps,
                         testing::Values(Case{"adam", adam, false}, Case{"adam", adam, true},
                                         Case{"adam_weight_decay", adam_decay, true},
                                         Case{"sgd", sgd, true},
                                         Case{"sgd_momentum_weight_decay", sgd_momentum, true}));

/// The weights after each of four steps on the gradient curvature * weight.
at::Tensor four_steps(const OptimizerOptions& options) {
    const auto curvature = at::tensor({1.0, 0.5, 2.0, 0.25}, at::kDouble);
    auto weight = at::tensor({1.0, -2.0, 0.5, 3.0}, at::kDouble).requires_grad_();
    const auto optimizer = make_optimizer({weight}, options);
    std::vector<at::Tensor> weights;
    for (int step = 0; step < 4; ++step) {
        optimizer->zero_grad();
        (curvature * weight * weight / 2).sum().backward();
        optimizer->step();
        weights.push_back(weight.detach().clone());
    }
    return at::cat(weights);
}

TEST(Optimizer, follows_tensorflows_rules_and_defaults) {
    for (const auto* const name :
         {"tensorflow_adadelta", "tensorflow_adagrad", "tensorflow_adam", "tensorflow_rmsprop"}) {
        EXPECT_TRUE(at::allclose(four_steps(default_options(name)), reference(name), 1e-12, 0))
            << name;
        // PyTorch's rules and defaults give other numbers.
        auto other = default_options(std::string(name).substr(std::string("tensorflow_").size()));
        other.lr = default_options(name).lr;
        EXPECT_FALSE(at::allclose(four_steps(other), reference(name), 1e-11, 0)) << name;
    }
    auto momentum = default_options("tensorflow_rmsprop");
    momentum.momentum = 0.5;
    EXPECT_TRUE(
        at::allclose(four_steps(momentum), reference("tensorflow_rmsprop_momentum"), 1e-12, 0));
}

TEST(Optimizer, leaves_a_parameter_without_gradient_alone) {
    for (const auto& name : known_optimizers()) {
        auto used = at::ones({2}).requires_grad_(), unused = at::ones({2}).requires_grad_();
        const auto optimizer = make_optimizer(
            {used, unused}, {.name = name, .lr = 0.1, .weight_decay = name == "rprop" ? 0 : 0.1});
        optimizer->step();
        EXPECT_TRUE(at::equal(used, at::ones({2}))) << name << ": no gradients at all yet";
        used.sum().backward();
        optimizer->step();
        EXPECT_LT(used.max().item<double>(), 1 - 1e-5) << name;
        EXPECT_TRUE(at::equal(unused, at::ones({2}))) << name;
        optimizer->zero_grad();
        EXPECT_FALSE(used.grad().defined()) << name;
    }
}

/// One step on ones of that kind, then one on what the weight has become.
at::Tensor two_steps(const std::string& name, const at::TensorOptions& first,
                     const at::TensorOptions& second) {
    auto weight = at::ones({2, 3}, first).requires_grad_();
    const auto optimizer = make_optimizer({weight}, {.name = name, .lr = 0.1});
    weight.pow(2).sum().backward();
    optimizer->step();
    optimizer->zero_grad();
    weight.set_data(weight.detach().to(second.device(), second.dtype()));  // as Module::to does
    weight.pow(2).sum().backward();
    optimizer->step();
    EXPECT_EQ(weight.scalar_type(), second.dtype());
    return weight.detach().to(at::kCPU, at::kDouble);
}

TEST(Optimizer, follows_weights_that_are_converted_between_steps) {
    const auto in_float = at::dtype(at::kFloat), in_double = at::dtype(at::kDouble);
    for (const auto& name : known_optimizers()) {
        SCOPED_TRACE(name);
        EXPECT_TRUE(at::allclose(two_steps(name, in_float, in_double),
                                 two_steps(name, in_double, in_double), 1e-5, 1e-5));
    }
}

TEST(CudaOptimizer, FollowsWeightsThatAreMovedBetweenSteps) {
    HFC_NEEDS_CUDA();
    const auto cpu = at::dtype(at::kFloat), gpu = cpu.device(parse_device("cuda"));
    for (const auto& name : known_optimizers()) {
        SCOPED_TRACE(name);
        const auto expected = two_steps(name, cpu, cpu);
        EXPECT_TRUE(at::allclose(two_steps(name, cpu, gpu), expected, 1e-5, 1e-5));
        EXPECT_TRUE(at::allclose(two_steps(name, gpu, cpu), expected, 1e-5, 1e-5));
    }
}

TEST(CudaOptimizer, TakesStepsThatLieOnTheCpu) {
    HFC_NEEDS_CUDA();
    for (const auto& name : known_optimizers()) {
        SCOPED_TRACE(name);
        auto weight = at::ones({3}, at::device(parse_device("cuda"))).requires_grad_();
        const auto optimizer = make_optimizer({weight}, {.name = name, .lr = 0.1});
        optimizer->states().front()["step"] = at::full({}, 3.0F);
        weight.sum().backward();
        optimizer->step();
        EXPECT_EQ(optimizer->states().front().at("step").item<double>(), name == "sgd" ? 3 : 4);
    }
}

TEST(Optimizer, says_what_is_wrong) {
    const auto make = [](const OptimizerOptions& options) {
        return error_of([&] { make_optimizer({at::ones({2})}, options); });
    };
    EXPECT_THAT(make({.name = "adan"}),
                HasSubstr("unknown optimizer 'adan' (did you mean 'adam'?): expected one of "
                          "adadelta, adagrad, adam, adamax, adamw, asgd, nadam, radam, rmsprop, "
                          "rprop, sgd, tensorflow_adadelta, tensorflow_adagrad, tensorflow_adam, "
                          "tensorflow_rmsprop"));
    EXPECT_THAT(make({.lr = 0}), HasSubstr("lr must be a number above 0, got 0"));
    EXPECT_THAT(make({.lr = std::nan("")}), HasSubstr("got nan"));
    EXPECT_THAT(make({.name = "sgd", .momentum = 1}),
                HasSubstr("momentum must be in [0,1), got 1"));
    EXPECT_THAT(make({.momentum = 0.9}), HasSubstr("optimizer adam has no option 'momentum'"));
    EXPECT_THAT(make({.weight_decay = -1}),
                HasSubstr("weight_decay must be a number >= 0, got -1"));
    EXPECT_THAT(make({.name = "sgd", .nesterov = true}),
                HasSubstr("nesterov requires a momentum above 0"));
    EXPECT_THAT(make({.name = "adamw", .centered = true}),
                HasSubstr("optimizer adamw has no option 'centered'"));
    EXPECT_THAT(error_of([] { make_optimizer(std::vector<at::Tensor>(), {}); }),
                HasSubstr("a group has no parameters"));
    const auto weight = at::ones({2, 3});
    EXPECT_THAT(error_of([&] {
                    make_optimizer({weight, weight}, {});
                }),
                HasSubstr("a parameter of shape [2, 3] occurs twice"));
}

}  // namespace
}  // namespace hfc::optim
