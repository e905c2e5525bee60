#include "train/metric.h"

#include "scratch_folder.h"
#include "train/toy.h"
#include "train/train.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::error_of;
using test::toy;
using testing::HasSubstr;

TrainOptions options_with(std::vector<MetricPtr> metrics) {
    TrainOptions options;
    options.epochs = 3;
    options.batch_size = 10;
    options.probes = {{"test", toy(12, 2)}};
    options.metrics = std::move(metrics);
    return options;
}

/// A new metric is one function and one registration.
TEST(Metric, of_ones_own) {
    add_metric("greatest logit", [](const at::Tensor& logits, const at::Tensor& labels) {
        EXPECT_EQ(logits.size(0), 12);
        EXPECT_EQ(labels.size(0), 12);
        return logits.max().item<double>();
    });
    const auto model = test::brightness_model();
    const auto results = train(*model, toy(30, 1), options_with({make_metric("greatest logit")}));
    ASSERT_EQ(results.size(), 3U);
    ASSERT_EQ(results[2].metrics.size(), 1U);
    EXPECT_EQ(results[2].metrics[0].metric, "greatest logit");
    EXPECT_EQ(results[2].metrics[0].values[0].first, "test");
    EXPECT_NEAR(results[2].metrics[0].values[0].second,
                model::logits(*model, toy(12, 2)).max().item<double>(), 1e-6);
}

TEST(Metric, is_kept_in_checkpoints_and_compared) {
    const test::ScratchFolder folder("metrics");
    auto options = options_with({make_metric("cross_entropy"), make_metric("class_accuracy")});
    options.checkpoints.folder = folder.path();
    const auto data = toy(30, 1);
    const auto whole = train(*test::brightness_model(), data, options);
    options.checkpoints.resume = true;
    const auto again = train(*test::brightness_model(), data, options);
    for (size_t i = 0; i < whole.size(); ++i) {
        ASSERT_EQ(again[i].metrics.size(), 2U);
        EXPECT_EQ(again[i].metrics[0].values, whole[i].metrics[0].values);
        EXPECT_EQ(again[i].metrics[1].values, whole[i].metrics[1].values);
    }
    options.metrics.pop_back();
    EXPECT_THAT(error_of([&] { train(*test::brightness_model(), data, options); }),
                HasSubstr("a different training run: metrics was"));
}

}  // namespace
}  // namespace hfc::train
