// What a network must find is known from how the data were made: labels in the low frequencies
// alone, or in the high ones alone.
#include "data/source/synthetic.h"
#include "train/train.h"

#include <gtest/gtest.h>

namespace hfc::train {
namespace {

struct Accuracies {
    double whole, low, high;
};

Accuracies trained_on(const data::SyntheticOptions& synthetic) {
    const auto data = data::synthetic(synthetic);
    auto model = model::make("preact_resnet8", {.classes = synthetic.classes});
    TrainOptions options;
    options.epochs = 8;
    options.batch_size = 20;
    options.optimizer.lr = 3e-3;
    options.probes = {
        {"test", data.test}, {"low", data.test.low_pass(8)}, {"high", data.test.high_pass(8)}};
    const auto last = train(*model, data.train, options).back().accuracy;
    return {last[0].second, last[1].second, last[2].second};
}

// Four classes: chance is 0.25; with 200 test images its standard deviation is 0.03.
const data::SyntheticOptions base = {
    .train = 400, .test = 200, .classes = 4, .low = 0.5, .high = 0.5, .noise = 0.1};

TEST(Science, a_network_finds_labels_that_the_low_frequencies_carry_and_none_in_the_high_ones) {
    auto synthetic = base;
    synthetic.high_correlation = 0;
    const auto accuracy = trained_on(synthetic);
    EXPECT_GT(accuracy.whole, 0.8);
    EXPECT_GT(accuracy.low, 0.5);
    EXPECT_LT(accuracy.high, 0.4);
}

TEST(Science, a_network_finds_labels_that_the_high_frequencies_carry_and_none_in_the_low_ones) {
    auto synthetic = base;
    synthetic.low_correlation = 0;
    const auto accuracy = trained_on(synthetic);
    EXPECT_GT(accuracy.whole, 0.8);
    EXPECT_GT(accuracy.high, 0.5);
    EXPECT_LT(accuracy.low, 0.4);
}

}  // namespace
}  // namespace hfc::train
