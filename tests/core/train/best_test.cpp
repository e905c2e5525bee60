// The weights of the best epoch, and the one-cycle schedule, which moves the momentum too.
#include "optim/one_cycle.h"
#include "scratch_folder.h"
#include "train/best_weights.h"
#include "train/toy.h"
#include "train/train.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::HasSubstr;

at::Tensor weights_and_buffers(const model::Model& model) {
    std::vector<at::Tensor> all;
    for (const auto& tensors : {model.parameters(), model.buffers()}) {
        for (const auto& tensor : tensors) {
            all.push_back(tensor.detach().to(at::kDouble).flatten());
        }
    }
    return at::cat(all);
}

model::ModelPtr normed_network() {
    return model::make("preact_resnet8", {.classes = 3, .batch_norm = true});
}

/// Steps up the gradient: the first epoch is the best.
TrainOptions worse_and_worse() {
    TrainOptions options;
    options.epochs = 4;
    options.batch_size = 16;
    options.optimizer = optim::default_options("sgd");
    options.optimizer.lr = 1e-3;
    options.optimizer.maximize = true;
    options.keep_best = true;
    return options;
}

TEST(KeepBest, gives_the_weights_of_the_best_epoch) {
    const auto model = normed_network();
    std::vector<at::Tensor> seen;
    Observer observer;
    observer.on_epoch = [&](const EpochResult&) { seen.push_back(weights_and_buffers(*model)); };
    const auto results = train(*model, toy(48, 1), worse_and_worse(), observer);
    ASSERT_EQ(results.size(), 4U);
    EXPECT_LT(results.front().loss, results.back().loss);
    EXPECT_TRUE(at::equal(weights_and_buffers(*model), seen.front()));
    EXPECT_FALSE(at::equal(weights_and_buffers(*model), seen.back()));
}

TEST(KeepBest, takes_the_last_of_equally_good_epochs) {
    const auto model = test::brightness_model();
    BestWeights best(*model);
    std::vector<EpochResult> results;
    double weight = 1;
    for (const double accuracy : {0.5, 0.75, 0.75, 0.5}) {
        EpochResult result;
        result.accuracy = {{"validation", accuracy}};
        const at::NoGradGuard no_grad;
        model->parameters()[0].fill_(weight++);
        best.update(results, result);
        results.push_back(result);
    }
    best.put();
    EXPECT_EQ(model->parameters()[0].item<double>(), 3);
}

TEST(KeepBest, survives_a_checkpoint) {
    const test::ScratchFolder scratch("hfc best");
    const auto whole = normed_network();
    auto options = worse_and_worse();
    train(*whole, toy(48, 1), options);
    options.checkpoints.folder = scratch.path() / "kept";
    options.epochs = 2;
    train(*normed_network(), toy(48, 1), options);
    options.epochs = 4;
    options.checkpoints.resume = true;
    const auto resumed = normed_network();
    train(*resumed, toy(48, 1), options);
    EXPECT_TRUE(at::equal(weights_and_buffers(*resumed), weights_and_buffers(*whole)));
    options.keep_best = false;
    EXPECT_THAT(error_of([&] { train(*normed_network(), toy(48, 1), options); }),
                HasSubstr("belongs to a different training run"));
}

TEST(OneCycleSchedule, moves_the_rate_and_the_momentum) {
    const auto model = normed_network();
    TrainOptions options;
    options.epochs = 3;
    options.batch_size = 16;
    options.schedule = make_rate_schedule({.name = "one_cycle", .pct_start = 0.1});
    auto adam = optim::default_options("adam");
    adam.lr = 2e-3;
    options.given_optimizer = optim::make_optimizer(model->parameters(), adam);
    const optim::OneCycle cycle(2e-3, 9, 0.1);
    int64_t steps = 0;
    Observer observer;
    observer.on_step = [&](const StepResult& step) {
        const auto expected = cycle.at(steps++);
        EXPECT_NEAR(step.lr, expected.lr, 1e-12) << steps;
        EXPECT_NEAR(options.given_optimizer->groups()[0].options.beta1, expected.momentum, 1e-12)
            << steps;
    };
    train(*model, toy(48, 1), options, observer);
    EXPECT_EQ(steps, 9);
    EXPECT_EQ(options.given_optimizer->groups()[0].options.lr, 2e-3);
    EXPECT_EQ(options.given_optimizer->groups()[0].options.beta1, 0.9) << "as it was before";
}

TEST(OneCycleSchedule, says_what_is_wrong) {
    EXPECT_THAT(error_of([] { make_rate_schedule({.name = "one_cycle", .warmup = 1}); }),
                HasSubstr("one_cycle has its own warm-up (pct_start), so warmup must be 0, got 1"));
    EXPECT_THAT(error_of([] { make_rate_schedule({.name = "one_cycle", .pct_start = 1}); }),
                HasSubstr("pct_start must be a fraction above 0 and below 1, got 1"));
    TrainOptions options;
    options.schedule = make_rate_schedule({.name = "one_cycle"});
    options.optimizer = optim::default_options("adagrad");
    EXPECT_THAT(error_of([&] { train(*normed_network(), toy(48, 1), options); }),
                HasSubstr("the optimizer adagrad has neither"));
}

}  // namespace
}  // namespace hfc::train
