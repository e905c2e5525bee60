#include "model/metrics.h"

#include "model/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using test::distance;
using test::error_of;
using test::formula_values;
using test::reference;
using testing::HasSubstr;

/// As tests/fixtures/make_metrics.py has them.
struct Sample {
    at::Tensor logits = formula_values(200 * 7, 7000).reshape({200, 7}) * 4;
    at::Tensor labels = (formula_values(200, 7001) * 7).floor().to(at::kLong);
    Sample() { labels.masked_fill_(labels.eq(5), 4); }
};

double fraction(const at::Tensor& right) {
    return right.to(at::kDouble).mean().item<double>();
}

TEST(Metrics, are_those_of_numpy_in_double_precision) {
    const Sample sample;
    const auto& [logits, labels] = sample;
    const auto number = [](const char* name) { return reference(name).item<double>(); };
    EXPECT_DOUBLE_EQ(fraction(is_right(logits, labels)), number("metrics_accuracy"));
    EXPECT_DOUBLE_EQ(fraction(is_right(logits, labels, 3)), number("metrics_top3"));
    EXPECT_EQ(distance(confusion_matrix(logits, labels), reference("metrics_confusion")), 0);
    const auto of_classes = class_accuracies(logits, labels);
    EXPECT_TRUE(std::isnan(of_classes[5].item<double>()));
    const auto others = at::cat({of_classes.slice(0, 0, 5), of_classes.slice(0, 6)});
    EXPECT_LT(distance(others, reference("metrics_class_accuracies")), 1e-8);
    EXPECT_NEAR(calibration_error(logits, labels), number("metrics_calibration_error"), 1e-8);
    EXPECT_NEAR(cross_entropies(logits, labels).mean().item<double>(),
                number("metrics_cross_entropy"), 1e-8);
}

TEST(Metrics, of_equal_logits_the_first_class_counts_first) {
    const auto flat = at::zeros({4, 4});
    const auto labels = at::arange(4);
    for (int64_t top = 1; top <= 4; ++top) {
        EXPECT_TRUE(at::equal(is_right(flat, labels, top), labels.lt(top))) << top;
    }
}

TEST(Metrics, say_what_is_wrong) {
    const auto logits = at::rand({3, 4});
    const auto labels = at::arange(3);
    EXPECT_THAT(error_of([&] { is_right(logits, labels, 5); }),
                HasSubstr("'top' must be between 1 and 4 (the number of classes), got 5"));
    EXPECT_THAT(error_of([&] { is_right(logits, labels, 0); }), HasSubstr("got 0"));
    EXPECT_THAT(error_of([&] { confusion_matrix(logits, labels + 2); }),
                HasSubstr("labels must be between 0 and 3 (the model's classes), got 2 to 4"));
    EXPECT_THAT(error_of([&] { calibration_error(logits, labels, 0); }),
                HasSubstr("bins must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { calibration_error(logits.slice(0, 0, 0), labels.slice(0, 0, 0)); }),
                HasSubstr("at least one image"));
}

}  // namespace
}  // namespace hfc::model
