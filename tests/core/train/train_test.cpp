#include "train/train.h"

#include "base/interrupt.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::AllOf;
using testing::HasSubstr;

TrainOptions quick(int64_t epochs) {
    TrainOptions options;
    options.epochs = epochs;
    options.batch_size = 16;
    options.optimizer.lr = 3e-3;
    return options;
}

at::Tensor all_weights(const model::Model& model) {
    std::vector<at::Tensor> flat;
    for (const auto& parameter : model.parameters()) {
        flat.push_back(parameter.detach().reshape({-1}));
    }
    return at::cat(flat);
}

TEST(Train, learns_what_there_is_to_learn) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    const auto train_part = toy(192, 1), test_part = toy(96, 2);
    auto options = quick(6);
    options.probes = {{"train", train_part}, {"test", test_part}};
    const auto results = train(*model, train_part, options);
    EXPECT_LT(results.back().loss, results.front().loss / 2);
    EXPECT_GT(results.back().accuracy[1].second, 0.9) << "chance is 0.33";
    EXPECT_DOUBLE_EQ(results.back().accuracy[0].second, accuracy(*model, train_part))
        << "the probe sees the final weights";
}

TEST(Train, reports_every_batch_and_epoch) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    auto options = quick(2);
    options.probes = {{"test", toy(6, 2)}};
    std::vector<int64_t> batches, epochs;
    std::vector<Progress> told;
    const Observer observer = {[&](const Progress& p) {
                                   batches.push_back(p.batch);
                                   told.push_back(p);
                               },
                               [&](const EpochResult& r) { epochs.push_back(r.epoch); }};
    const auto results = train(*model, toy(40, 1), options, observer);
    EXPECT_THAT(batches, testing::ElementsAre(1, 2, 3, 0, 0, 1, 2, 3, 0, 0))
        << "40 images in batches of 16; then the probes";
    EXPECT_THAT(epochs, testing::ElementsAre(1, 2));
    EXPECT_EQ(results[1].step, 6);
    EXPECT_EQ(told.front().batches, 3);
    EXPECT_EQ(told.front().epochs, 2);
    EXPECT_GT(told.front().seconds_left, 0);
    EXPECT_GT(told.front().images_per_second, 0);
    EXPECT_NEAR(told.back().seconds_left, 0, 1e-9);
    EXPECT_GT(results[0].train_seconds, 0);
    EXPECT_GT(results[0].probe_seconds, 0);
    EXPECT_NEAR(results[0].images_per_second, 40 / results[0].train_seconds,
                0.5 * results[0].images_per_second);
}

TEST(Train, means_the_loss_over_images_not_batches) {
    // Logits without effect of the weight: cross-entropy is ln 3 for each image but those of class
    // 2, which get 10 against 0, 0.
    test::FunctionModel model(
        at::zeros({1}), [](const at::Tensor& weight, const at::Tensor& images) {
            return at::zeros({images.size(0), 3}).add(at::tensor({0.0, 0.0, 1.0})) + 0 * weight;
        });
    auto options = quick(1);
    options.batch_size = 7;
    const auto loss = train(model, toy(9, 1), options).front().loss;
    const auto denominator = std::log(2 + std::exp(1.0));
    EXPECT_NEAR(loss, denominator - 1.0 / 3, 1e-6);
}

TEST(Train, gives_the_same_bits_for_the_same_seed) {
    const auto run = [](uint64_t seed) {
        auto model = model::make("preact_resnet8",
                                 {.classes = 3, .batch_norm = true, .dropout = 0.3, .seed = 1});
        auto options = quick(2);
        options.seed = seed;
        options.probes = {{"test", toy(50, 2)}, {"low", toy(50, 2).low_pass(2)}};
        options.probe_samples = 20;
        const auto results = train(*model, toy(64, 1), options);
        return std::pair(all_weights(*model), results);
    };
    const auto [weights, results] = run(7);
    at::rand({3});  // whoever else draws from the global generator must not matter
    const auto [again, results_again] = run(7);
    EXPECT_TRUE(at::equal(weights, again));
    for (size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].loss, results_again[i].loss);
        EXPECT_EQ(results[i].accuracy, results_again[i].accuracy);
    }
    EXPECT_FALSE(at::equal(weights, run(8).first));
}

TEST(Train, shows_each_image_once_an_epoch_in_a_new_order) {
    std::vector<float> seen;
    test::FunctionModel model(at::zeros({1}),
                              [&](const at::Tensor& weight, const at::Tensor& images) {
                                  EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
                                  for (const auto& image : images.unbind()) {
                                      seen.push_back(image.sum().item<float>());
                                  }
                                  return at::zeros({images.size(0), 3}) + weight;
                              });
    train(model, toy(20, 1), quick(2));
    ASSERT_EQ(seen.size(), 40U);
    std::vector<float> first(seen.begin(), seen.begin() + 20),
        second(seen.begin() + 20, seen.end());
    EXPECT_NE(first, second);
    std::sort(first.begin(), first.end());
    std::sort(second.begin(), second.end());
    EXPECT_EQ(first, second);
    EXPECT_EQ(std::unique(first.begin(), first.end()), first.end());
}

TEST(Train, probes_a_fixed_part_of_the_images_that_shared_views_share) {
    auto model = test::brightness_model();
    const auto dataset = toy(30, 1);
    auto options = quick(1);
    options.batch_size = 30;
    options.probe_samples = 10;
    options.probes = {{"a", dataset}, {"low", dataset.low_pass(8)}, {"few", toy(6, 3)}};
    const auto results = train(*model, dataset, options);
    EXPECT_EQ(model->passes, 1 + 3)
        << "one training step, one pass of ten images a probe, one of six";
    const auto& accuracies = results.front().accuracy;
    EXPECT_EQ(accuracies[0].second, accuracies[1].second)
        << "radius 8 keeps all frequencies of 8x8 images";
    EXPECT_NEAR(accuracies[0].second * 10, std::round(accuracies[0].second * 10), 1e-9);
    EXPECT_DOUBLE_EQ(accuracies[2].second, 2.0 / 3);
}

TEST(Train, ends_at_a_loss_that_is_not_finite_naming_epoch_and_batch) {
    int passes = 0;
    test::FunctionModel model(
        at::ones({1}), [&](const at::Tensor& weight, const at::Tensor& images) {
            return at::full({images.size(0), 3}, ++passes == 5 ? std::nan("") : 1.0) * weight;
        });
    auto options = quick(3);
    options.optimizer.lr = 0.1;
    EXPECT_THAT(error_of([&] { train(model, toy(48, 1), options); }),
                HasSubstr("the loss is nan at epoch 2, batch 2; an lr below 0.1 may help"));
    EXPECT_TRUE(all_weights(model).isfinite().all().item<bool>()) << "the step was not taken";
}

TEST(Train, stops_at_the_next_batch_when_the_user_asks) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    int64_t batches = 0, epochs = 0;
    const Observer observer = {[&](const Progress& p) {
                                   ++batches;
                                   if (p.epoch == 2 && p.batch == 1) {
                                       request_interrupt();
                                   }
                               },
                               [&](const EpochResult&) { ++epochs; }};
    EXPECT_THROW(train(*model, toy(48, 1), quick(3), observer), Interrupted);
    clear_interrupt();
    EXPECT_EQ(batches, 4);
    EXPECT_EQ(epochs, 1);
}

TEST(Train, lets_an_observer_end_it) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    Observer observer;
    observer.on_epoch = [](const EpochResult&) { throw std::runtime_error("disk full"); };
    EXPECT_THROW(train(*model, toy(16, 1), quick(3), observer), std::runtime_error);
}

TEST(Train, leaves_frozen_parameters_alone) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    auto kernel = model->named_parameters()["conv0.weight"];
    kernel.set_requires_grad(false);
    const auto before = kernel.clone();
    const auto fc = model->named_parameters()["fc.weight"].detach().clone();
    train(*model, toy(16, 1), quick(1));
    EXPECT_TRUE(at::equal(kernel, before));
    EXPECT_FALSE(at::equal(model->named_parameters()["fc.weight"], fc));
}

TEST(Train, says_what_is_wrong) {
    auto model = model::make("preact_resnet8", {.classes = 3});
    const auto data = toy(8, 1);
    const auto with = [&](auto change) {
        auto options = quick(1);
        change(options);
        return error_of([&] { train(*model, data, options); });
    };
    EXPECT_THAT(with([](auto& o) { o.epochs = 0; }), HasSubstr("epochs must be at least 1, got 0"));
    EXPECT_THAT(with([](auto& o) { o.batch_size = 0; }),
                HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(with([](auto& o) { o.probe_samples = -1; }),
                HasSubstr("probe_samples must be at least 1, or 0 for all images, got -1"));
    EXPECT_THAT(with([](auto& o) { o.optimizer.lr = -1; }),
                HasSubstr("lr must be a number above 0, got -1"));
    EXPECT_THAT(with([](auto& o) { o.optimizer.name = "adamx"; }),
                HasSubstr("unknown optimizer 'adamx'"));
    auto grey = model::make("preact_resnet8", {.classes = 3, .channels = 1});
    EXPECT_THAT(
        error_of([&] { train(*grey, data, quick(1)); }),
        AllOf(HasSubstr("images with 1 channel(s)"), HasSubstr("create it with channels = 3")));
    auto narrow = model::make("preact_resnet8", {.classes = 2});
    EXPECT_THAT(error_of([&] { train(*narrow, data, quick(1)); }),
                HasSubstr("labels of 'toy' must be between 0 and 1 (the model's classes), got 2"));
    test::FunctionModel constant(at::ones({1}), [](const at::Tensor&, const at::Tensor& images) {
        return at::zeros({images.size(0), 3});
    });
    EXPECT_THAT(error_of([&] { train(constant, data, quick(1)); }),
                HasSubstr("the loss does not depend on the model's parameters"));
    for (auto& parameter : model->parameters()) {
        parameter.set_requires_grad(false);
    }
    EXPECT_THAT(error_of([&] { train(*model, data, quick(1)); }), HasSubstr("nothing to train"));
}

}  // namespace
}  // namespace hfc::train
