// How steps are taken: the rate, several batches a step, clipping, the end of a training.
#include "train/stepper.h"

#include "base/random.h"
#include "train/checkpointer.h"
#include "train/rewind.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::ElementsAre;
using testing::HasSubstr;

TrainOptions settings(int64_t epochs = 2, int64_t batch_size = 16) {
    TrainOptions options;
    options.epochs = epochs;
    options.batch_size = batch_size;
    options.optimizer = optim::default_options("sgd");
    options.optimizer.lr = 0.1;
    return options;
}

at::Tensor trained(const TrainOptions& options, const Observer& observer = {}) {
    const auto model = model::make("preact_resnet8", {.classes = 3});
    train(*model, toy(44, 1), options, observer);
    std::vector<at::Tensor> weights;
    for (const auto& parameter : model->parameters()) {
        weights.push_back(parameter.detach().flatten());
    }
    return at::cat(weights);
}

std::vector<double> rates(const RateScheduleOptions& options, int64_t steps_per_epoch,
                          int64_t epochs) {
    const auto schedule = make_rate_schedule(options);
    std::vector<double> result;
    for (int64_t step = 0; step < steps_per_epoch * epochs; ++step) {
        result.push_back(schedule->factor({step, steps_per_epoch, epochs}));
    }
    return result;
}

TEST(RateSchedule, follows_the_formulas) {
    const auto cosine = rates({.name = "cosine"}, 5, 4);
    for (size_t i = 0; i < cosine.size(); ++i) {
        // PyTorch's CosineAnnealingLR with T_max of all steps.
        EXPECT_NEAR(cosine[i], (1 + std::cos(std::numbers::pi * static_cast<double>(i) / 20)) / 2,
                    1e-12);
    }
    EXPECT_THAT(rates({.name = "linear", .least = 0.5}, 1, 4), ElementsAre(1, 0.875, 0.75, 0.625));
    EXPECT_THAT(rates({.name = "step", .gamma = 0.5, .size = 2}, 1, 5),
                ElementsAre(1, 1, 0.5, 0.5, 0.25));
    EXPECT_THAT(rates({.name = "multistep", .gamma = 0.5, .milestones = {1, 3}}, 2, 4),
                ElementsAre(1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25));
    EXPECT_THAT(rates({.name = "exponential", .gamma = 0.5}, 2, 2), ElementsAre(1, 1, 0.5, 0.5));
    EXPECT_THAT(rates({.name = "constant", .warmup = 2}, 2, 3),
                ElementsAre(0.25, 0.5, 0.75, 1, 1, 1));
    const auto warm = rates({.name = "cosine", .warmup = 1}, 4, 3);
    EXPECT_EQ(warm[3], 1);
    EXPECT_EQ(warm[4], 1);
    EXPECT_NEAR(warm[8], 0.5, 1e-12) << "the middle of what is behind the warm-up";
}

TEST(RateSchedule, names_what_is_wrong) {
    const auto error = [](const RateScheduleOptions& options) {
        return error_of([&] { make_rate_schedule(options); });
    };
    EXPECT_THAT(error({.name = "cosin"}), HasSubstr("(did you mean 'cosine'?)"));
    EXPECT_THAT(error({.warmup = -1}), HasSubstr("warmup must be a number of epochs"));
    EXPECT_THAT(error({.least = 2}), HasSubstr("'least' must be a factor in [0,1], got 2"));
    EXPECT_THAT(error({.gamma = 0}), HasSubstr("gamma must be a finite number above 0"));
    EXPECT_THAT(error({.name = "step", .size = 0}), HasSubstr("'size' must be at least 1 epoch"));
    EXPECT_THAT(error({.name = "multistep"}), HasSubstr("multistep requires milestones"));
    EXPECT_THAT(error({.name = "multistep", .milestones = {3, 1}}),
                HasSubstr("must be in ascending order"));
}

TEST(Stepper, moves_the_rate_and_tells_of_each_step) {
    auto options = settings();
    options.schedule = make_rate_schedule({.name = "linear"});
    std::vector<double> seen;
    Observer observer;
    observer.on_step = [&](const StepResult& step) {
        EXPECT_EQ(step.step, std::ssize(seen) + 1);
        EXPECT_EQ(step.epoch, (step.step - 1) / 3 + 1);
        EXPECT_GT(step.loss, 0);
        seen.push_back(step.lr);
    };
    trained(options, observer);
    ASSERT_EQ(seen.size(), 6U);
    for (size_t i = 0; i < seen.size(); ++i) {
        EXPECT_NEAR(seen[i], 0.1 * (1 - static_cast<double>(i) / 6), 1e-12);
    }
}

TEST(Stepper, takes_the_step_of_one_batch_from_several) {
    auto several = settings(2, 4);  // 44 images: eleven batches, the last step has three
    several.accumulate = 4;
    const auto steps = trained(several);
    EXPECT_TRUE(at::allclose(steps, trained(settings(2, 16)), 0, 1e-5));
    EXPECT_FALSE(at::allclose(steps, trained(settings(2, 4)), 0, 1e-3));
}

TEST(Stepper, limits_the_norm_of_the_gradients) {
    auto options = settings(1, 44);
    const auto start = [] {
        TrainOptions none;
        const auto model = model::make("preact_resnet8", {.classes = 3});
        std::vector<at::Tensor> weights;
        for (const auto& parameter : model->parameters()) {
            weights.push_back(parameter.detach().flatten());
        }
        return at::cat(weights);
    }();
    const auto free = trained(options) - start;
    options.clip_norm = 0.01;
    const auto clipped = trained(options) - start;
    EXPECT_NEAR(clipped.norm().item<double>(), 0.1 * 0.01, 1e-6) << "lr times the limit";
    EXPECT_LT((free / free.norm() - clipped / clipped.norm()).norm().item<double>(), 1e-2);
}

/// Cross-entropy that remembers what the network computed in.
class DtypeRecorder : public Objective {
  public:
    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        const auto logits = model.forward(batch.images);
        dtype = logits.scalar_type();
        return {at::cross_entropy_loss(logits.to(at::kFloat), batch.labels)};
    }
    checkpoint::Json describe() const override { return "dtype"; }
    at::ScalarType dtype = at::kFloat;
};

TEST(Stepper, computes_in_bfloat16_where_asked) {
    auto options = settings(3, 11);
    const auto recorder = std::make_shared<DtypeRecorder>();
    options.objective = recorder;
    const auto floats = trained(options);
    EXPECT_EQ(recorder->dtype, at::kFloat);
    options.bfloat16 = true;
    const auto weights = trained(options);
    EXPECT_EQ(recorder->dtype, at::kBFloat16);
    EXPECT_EQ(weights.scalar_type(), at::kFloat);
    EXPECT_FALSE(weights.equal(floats));
    EXPECT_LT((weights - floats).norm().item<double>(), 0.1 * floats.norm().item<double>());
    options.objective = {};
    EXPECT_TRUE(trained(options).isfinite().all().item<bool>());
}

/// The validation accuracies that the training ended with.
std::vector<EpochResult> stopped(int64_t patience) {
    auto options = settings(30, 44);
    options.optimizer.lr = 0;  // nothing gets better: the first epoch stays the best
    options.optimizer.lr = 1e-12;
    options.validation = toy(30, 2);
    options.patience = patience;
    const auto model = model::make("preact_resnet8", {.classes = 3});
    return train(*model, toy(44, 1), options);
}

TEST(EarlyStopping, ends_a_training_that_gets_no_better) {
    EXPECT_EQ(stopped(2).size(), 3U);
    EXPECT_EQ(stopped(5).size(), 6U);
    EXPECT_EQ(stopped(1).front().accuracy.front().first, "validation");
}

TEST(EarlyStopping, counts_from_the_first_of_the_best) {
    std::vector<EpochResult> results(4);
    for (size_t i = 0; i < results.size(); ++i) {
        results[i].loss = std::vector{3.0, 1.0, 2.0, 1.0}[i];
    }
    EXPECT_EQ(epochs_since_best(results), 2);
    for (size_t i = 0; i < results.size(); ++i) {
        results[i].accuracy = {{"test", 1.0 - 0.1 * static_cast<double>(i)},
                               {"validation", 0.1 * static_cast<double>(i)}};
    }
    EXPECT_EQ(epochs_since_best(results), 0) << "validation counts, the test set does not";
}

TEST(Training, leaves_the_global_random_state_as_it_found_it) {
    const auto before = generator_state(at::kCPU);
    trained(settings());
    EXPECT_TRUE(generator_state(at::kCPU).equal(before));
}

TEST(Training, refuses_settings_out_of_range) {
    const auto error = [](const std::function<void(TrainOptions&)>& change) {
        auto options = settings();
        change(options);
        return error_of([&] { trained(options); });
    };
    EXPECT_THAT(error([](auto& o) { o.clip_norm = 0; }), HasSubstr("clip_norm must be a finite"));
    EXPECT_THAT(error([](auto& o) { o.accumulate = 0; }),
                HasSubstr("'accumulate' must be at least"));
    EXPECT_THAT(error([](auto& o) { o.patience = 0; }), HasSubstr("patience of early_stop"));
    EXPECT_THAT(error([](auto& o) {
                    o.validation = toy(6, 2);
                    o.probes = {{"validation", toy(6, 2)}};
                }),
                HasSubstr("if a validation set is given"));
}

}  // namespace
}  // namespace hfc::train
