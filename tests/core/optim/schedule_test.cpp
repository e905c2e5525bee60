// Schedules alone, as hfc.train would use them; tests/lua/test_schedules.lua compares all of them
// with PyTorch's numbers.
#include "optim/schedule.h"

#include "optim/one_cycle.h"

#include "model/reference.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace hfc::optim {
namespace {

using test::error_of;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

std::unique_ptr<Optimizer> optimizer_with(double rate) {
    OptimizerOptions options = default_options("sgd");
    options.lr = rate;
    options.momentum = 0.9;
    return make_optimizer({at::ones({2})}, options);
}

double rate_of(Optimizer& optimizer) {
    return optimizer.groups()[0].options.lr;
}

std::vector<double> rates(Optimizer& optimizer, const std::vector<SchedulePtr>& schedules,
                          int steps) {
    std::vector<double> all;
    for (int i = 0; i < steps; ++i) {
        for (const auto& schedule : schedules) {
            schedule->step();
        }
        all.push_back(rate_of(optimizer));
    }
    return all;
}

TEST(Schedule, two_of_them_multiply) {
    const auto optimizer = optimizer_with(1);
    const auto exponential = make_exponential_lr(*optimizer, 0.9);
    const auto steps = make_multi_step_lr(*optimizer, {3}, 0.1);
    EXPECT_THAT(rates(*optimizer, {exponential, steps}, 4),
                Pointwise(DoubleNear(1e-12), {0.9, 0.81, 0.0729, 0.06561}));
}

TEST(Schedule, continues_from_a_rate_set_by_hand) {
    const auto optimizer = optimizer_with(1);
    const auto schedule = make_exponential_lr(*optimizer, 0.9);
    schedule->step();
    optimizer->groups()[0].options.lr = 0.01;
    schedule->step();
    EXPECT_NEAR(rate_of(*optimizer), 0.009, 1e-12);
    EXPECT_EQ(optimizer->groups()[0].scheduled.at("initial_lr"), 1);
}

TEST(Schedule, warms_up_then_follows_a_cosine) {
    const auto optimizer = optimizer_with(1);
    const std::vector<SchedulePtr> parts = {make_linear_lr(*optimizer, 0.5, 1, 2),
                                            make_cosine_annealing_lr(*optimizer, 4)};
    const auto schedule = make_sequential_lr(*optimizer, parts, {2});
    EXPECT_EQ(rate_of(*optimizer), 0.5);
    std::vector<double> wanted = {0.75};
    for (int i = 0; i <= 4; ++i) {
        wanted.push_back((1 + std::cos(std::numbers::pi * i / 4)) / 2);
    }
    EXPECT_THAT(rates(*optimizer, {schedule}, 6), Pointwise(DoubleNear(1e-12), wanted));
}

TEST(Schedule, goes_on_from_its_state) {
    const auto optimizer = optimizer_with(1), other = optimizer_with(1);
    const auto schedule = make_reduce_lr_on_plateau(*optimizer, {.patience = 1});
    for (const double loss : {3.0, 2.0, 2.0}) {
        schedule->step_by(loss);
    }
    const auto again = make_reduce_lr_on_plateau(*other, {.patience = 1});
    again->load(schedule->state());
    schedule->step_by(2);
    again->step_by(2);
    EXPECT_EQ(rate_of(*optimizer), 0.1);
    EXPECT_EQ(rate_of(*other), 0.1);
    EXPECT_EQ(again->state(), schedule->state());
}

TEST(Schedule, a_bad_state_changes_nothing) {
    const auto optimizer = optimizer_with(1);
    const auto schedule = make_step_lr(*optimizer, 3);
    const auto before = schedule->state();
    EXPECT_THAT(error_of([&] {
                    schedule->load({{"gamma", 0.5}, {"step_size", "three"}});
                }),
                HasSubstr("StepLR: a value in the state has the wrong type"));
    EXPECT_THAT(error_of([&] {
                    schedule->load({{"gamma", 0.5}, {"step_size", 0}});
                }),
                HasSubstr("step_size must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] {
                    schedule->load({{"base_lrs", {1, 2}}});
                }),
                HasSubstr("the state has a different number of groups (2) than the optimizer (1)"));
    EXPECT_EQ(schedule->state(), before);
    const auto milestones = make_multi_step_lr(*optimizer, {2, 2, 7});
    milestones->load({{"milestones", {{"5", 2}}}});
    EXPECT_EQ(milestones->state().at("milestones").dump(), "{\"5\":2}");
    EXPECT_THAT(error_of([&] {
                    milestones->load({{"milestones", {{"x", 2}}}});
                }),
                HasSubstr("expected integers, got 'x'"));
}

TEST(Schedule, a_failed_first_step_is_said) {
    const auto optimizer = optimizer_with(1);
    EXPECT_THAT(
        error_of([&] { make_lambda_lr(*optimizer, {[](int64_t) { return std::nan(""); }}); }),
        HasSubstr("LambdaLR: the learning rate of param_groups[1] would become nan at epoch 0"));
    EXPECT_EQ(rate_of(*optimizer), 1);
}

TEST(OneCycle, is_that_of_pytorch) {
    // torch.optim.lr_scheduler.OneCycleLR(Adam, 0.01, total_steps=20, pct_start=0.1) and (...,
    // total_steps=3)
    const OneCycle cycle(0.01, 20, 0.1);
    EXPECT_NEAR(cycle.at(0).lr, 4e-4, 1e-12);
    EXPECT_NEAR(cycle.at(0).momentum, 0.95, 1e-12);
    EXPECT_NEAR(cycle.at(1).lr, 0.01, 1e-12);
    EXPECT_NEAR(cycle.at(1).momentum, 0.85, 1e-12);
    EXPECT_NEAR(cycle.at(10).lr, 0.005000019999999999, 1e-12);
    EXPECT_NEAR(cycle.at(19).lr, 4e-8, 1e-12);
    EXPECT_NEAR(OneCycle(0.01, 3, 0.1).at(2).lr, 4e-8, 1e-12);
}

}  // namespace
}  // namespace hfc::optim
