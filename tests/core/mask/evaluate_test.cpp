#include "mask/evaluate.h"

#include "mask/networks.h"
#include "mask/operator.h"
#include "model/measure.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::mask {
namespace {

using test::distance;
using test::error_of;
using testing::HasSubstr;

TEST(MaskedAccuracy, is_that_of_the_masked_images) {
    const auto [images, labels] = test::band_images(30, 6);
    const auto model = test::band_model();
    const auto source = data::dataset_of(images, labels);
    const auto band = test::band_mask();
    const auto expected = model->forward(apply(images, band)).argmax(1);
    const auto predictions = predict_masked(*model, source, band, {.batch_size = 7});
    EXPECT_TRUE(at::equal(predictions.classes, expected));
    EXPECT_EQ(masked_accuracy(*model, source, band),
              expected.eq(labels).to(at::kDouble).mean().item<double>());
    EXPECT_GE(masked_accuracy(*model, source, band), 0.9);
    const auto none = predict_masked(*model, source, {});
    EXPECT_TRUE(at::equal(none.classes, model->forward(images).argmax(1)));
    // One mask an image: images of an even place keep the band, the others lose all.
    auto each = at::zeros({30, 1, 16, 16});
    each.slice(0, 0, 30, 2).copy_(band);
    const auto mixed = predict_masked(*model, source, each, {.batch_size = 7});
    EXPECT_TRUE(at::equal(mixed.classes.slice(0, 0, 30, 2), expected.slice(0, 0, 30, 2)));
    EXPECT_LT(distance(mixed.confidences.slice(0, 1, 30, 2), at::full({15}, 0.25)), 1e-6);
}

TEST(MaskedAccuracy, takes_data_sets) {
    const auto data = test::toy(20, 1);
    const auto model = test::brightness_model();
    EXPECT_EQ(masked_accuracy(*model, data, {}), model::accuracy(*model, data));
    EXPECT_EQ(masked_accuracy(*model, data, at::ones({8, 8})), model::accuracy(*model, data));
    const auto some = data.select(at::tensor({3, 1, 2}, at::kLong));
    EXPECT_TRUE(
        at::equal(some.labels(), data.labels().index_select(0, at::tensor({3, 1, 2}, at::kLong))));
    EXPECT_TRUE(at::equal(some.batch(1, 3).images, data.batch(1, 3).images));
    EXPECT_TRUE(at::equal(some.batch(at::tensor({0}, at::kLong)).images, data.batch(3, 4).images));
}

TEST(MaskedAccuracy, counts_the_classes_of_replaced_labels) {
    const data::Dataset source(test::toy(6, 1));
    EXPECT_EQ(source.classes(), 3);
    EXPECT_EQ(source.with_labels(at::tensor({0, 1, 0, 1, 0, 0}, at::kLong)).classes(), 3)
        << "those of the data set stay";
    EXPECT_EQ(source.with_labels(at::tensor({0, 1, 4, 1, 0, 0}, at::kLong)).classes(), 5);
}

TEST(Thresholds, keep_what_is_large) {
    const auto map = at::tensor({0.1, 0.9, 0.5, 0.5, 0.2, 0.0}, at::kDouble).reshape({2, 3});
    EXPECT_TRUE(at::equal(threshold(map, 0.5),
                          at::tensor({0., 1., 0., 0., 0., 0.}, at::kFloat).reshape({2, 3})));
    EXPECT_TRUE(at::equal(largest(map, 1.0 / 6),
                          at::tensor({0., 1., 0., 0., 0., 0.}, at::kFloat).reshape({2, 3})));
    EXPECT_TRUE(at::equal(largest(map, 2.0 / 6),
                          at::tensor({0., 1., 1., 1., 0., 0.}, at::kFloat).reshape({2, 3})))
        << "ties stay together";
    EXPECT_EQ(largest(map, 0).sum().item<double>(), 0);
    EXPECT_EQ(largest(at::stack({map, -map}), 1).sum().item<double>(), 12);
}

TEST(Thresholds, never_keep_what_is_not_a_number) {
    const double nan = std::nan("");
    const auto map = at::tensor({nan, -0.9, nan, -0.5, 0.2, nan}, at::kDouble).reshape({2, 3});
    EXPECT_TRUE(at::equal(largest(map, 2.0 / 6),
                          at::tensor({0., 0., 0., 1., 1., 0.}, at::kFloat).reshape({2, 3})))
        << "a negative number is more than none";
    EXPECT_TRUE(at::equal(largest(map, 1),
                          at::tensor({0., 1., 0., 1., 1., 0.}, at::kFloat).reshape({2, 3})));
    EXPECT_EQ(largest(at::full({2, 3}, nan), 0.5).sum().item<double>(), 0);
}

TEST(MaskErrors, of_evaluation_name_what_is_wrong) {
    const auto sample = test::band_images(8, 5);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto model = test::band_model();
    const auto source = data::dataset_of(images, labels);
    EXPECT_THAT(
        error_of([&] {
            predict_masked(*model, source, at::ones({3, 1, 16, 16}));
        }),
        HasSubstr(
            "expected one mask, or one mask for each of the 8 images; got shape [3, 1, 16, 16]"));
    EXPECT_THAT(error_of([&] { predict_masked(*model, source, {}, {.batch_size = 0}); }),
                HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { masked_accuracy(*model, data::dataset_of(images, {}), {}); }),
                HasSubstr("expected an int64 tensor [8]"));
    EXPECT_THAT(error_of([] {
                    threshold(at::ones({2, 2}), std::nan(""));
                }),
                HasSubstr("'value' must be a number"));
    EXPECT_THAT(error_of([] {
                    largest(at::ones({2, 2}), 1.5);
                }),
                HasSubstr("'share' must be in [0,1], got 1.5"));
    EXPECT_THAT(error_of([] { largest(at::ones({2}), 1); }),
                HasSubstr("'map' must be [..., H, W], got [2]"));
}

}  // namespace
}  // namespace hfc::mask
