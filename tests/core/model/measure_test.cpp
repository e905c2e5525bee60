#include "model/measure.h"

#include "base/interrupt.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using test::error_of;
using test::toy;
using testing::AllOf;
using testing::HasSubstr;

TEST(Accuracy, is_the_share_of_images_whose_largest_logit_is_at_the_label) {
    auto model = test::brightness_model();
    // Dark and bright images are told apart, 'half' never; whatever the batches.
    const auto dataset = toy(90, 1);
    EXPECT_DOUBLE_EQ(accuracy(*model, dataset), 2.0 / 3);
    EXPECT_DOUBLE_EQ(accuracy(*model, dataset, {{.batch_size = 7}}), 2.0 / 3);
    EXPECT_DOUBLE_EQ(accuracy(*model, dataset.slice(2, 3)), 0.0)
        << "one image of the class it never says";
    EXPECT_DOUBLE_EQ(accuracy(*model, dataset.slice(0, 2)), 1.0);
}

TEST(Accuracy, evaluates_in_evaluation_mode_and_restores_training_mode) {
    auto model = test::brightness_model();
    model->train();
    model->trained_last = true;
    accuracy(*model, toy(6, 1));
    EXPECT_FALSE(model->trained_last);
    EXPECT_TRUE(model->is_training());
}

TEST(Accuracies, are_those_of_each_probe_alone_in_order) {
    auto model = make("preact_resnet8", {.classes = 3});
    const auto a = toy(30, 1), b = toy(21, 2);
    const std::vector<Probe> probes = {{"a", a},
                                       {"b low", b.low_pass(1)},
                                       {"a low", a.low_pass(2)},
                                       {"a high", a.high_pass(2)},
                                       {"b", b},
                                       {"a shuffled", a.shuffle_labels(4)},
                                       {"a again", a},
                                       {"a other rule", a.low_pass(2, frequency::Rule::exclusive)}};
    const auto shares = accuracies(*model, probes, {{.batch_size = 8}});
    ASSERT_EQ(shares.size(), probes.size());
    for (size_t i = 0; i < probes.size(); ++i) {
        EXPECT_DOUBLE_EQ(shares[i], accuracy(*model, probes[i].dataset)) << probes[i].name;
    }
    EXPECT_EQ(shares[0], shares[6]);
    EXPECT_TRUE(accuracies(*model, {}).empty());
}

TEST(Accuracies, tells_the_share_done) {
    auto model = test::brightness_model();
    std::vector<double> told;
    MeasureOptions options{{.batch_size = 5}};
    options.after_batch = [&](double share) { told.push_back(share); };
    accuracies(*model, {{"a", toy(10, 1)}, {"b", toy(10, 2)}}, options);
    EXPECT_THAT(told, testing::ElementsAre(0.25, 0.5, 0.75, 1.0));
}

TEST(Accuracy, says_what_is_wrong) {
    auto grey = make("preact_resnet8", {.classes = 3, .channels = 1});
    EXPECT_THAT(error_of([&] { accuracy(*grey, toy(4, 1)); }),
                AllOf(HasSubstr("images with 1 channel(s)"),
                      HasSubstr("create it with channels = 3"), HasSubstr("'toy'")));
    auto narrow = make("preact_resnet8", {.classes = 2});
    EXPECT_THAT(error_of([&] { accuracy(*narrow, toy(4, 1)); }),
                HasSubstr("labels of 'toy' must be between 0 and 1 (the model's classes), got 2"));
    EXPECT_THAT(error_of([&] { accuracy(*narrow, toy(4, 1), {{.batch_size = 0}}); }),
                HasSubstr("batch size must be at least 1, got 0"));
    test::FunctionModel flat(at::ones({1}), [](const at::Tensor&, const at::Tensor& images) {
        return images.flatten();
    });
    EXPECT_THAT(error_of([&] { accuracy(flat, toy(2, 1)); }),
                HasSubstr("logits of shape [2, classes] for a batch of size 2; it returned [384]"));
    test::FunctionModel broken(at::ones({1}), [](const at::Tensor&, const at::Tensor& images) {
        return images.matmul(at::ones({5, 5}));
    });
    EXPECT_THAT(error_of([&] { accuracy(broken, toy(2, 1)); }),
                AllOf(HasSubstr("the model failed on a batch of shape [2, 3, 8, 8] of 'toy'"),
                      testing::Not(HasSubstr("\n"))));
}

TEST(Accuracy, stops_between_batches_when_the_user_asks) {
    test::FunctionModel model(at::ones({1}), [](const at::Tensor&, const at::Tensor& images) {
        request_interrupt();
        return at::zeros({images.size(0), 3});
    });
    EXPECT_THROW(accuracy(model, toy(30, 1), {{.batch_size = 10}}), Interrupted);
    clear_interrupt();
    EXPECT_EQ(model.passes, 1);
    EXPECT_TRUE(model.is_training());
}

}  // namespace
}  // namespace hfc::model
