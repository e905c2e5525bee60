#include "sensitivity/linear_probe.h"

#include "mask/networks.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::sensitivity {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(LinearProbe, reads_what_is_there_and_not_scrambled_labels) {
    const auto [images, labels] = test::band_images(200, 7);
    const auto [test_images, test_labels] = test::band_images(100, 8);
    const auto honest = linear_probe(images, labels, test_images, test_labels);
    EXPECT_GE(honest.train, 0.99);
    EXPECT_GE(honest.test, 0.9);
    const auto control =
        linear_probe(images, labels, test_images, test_labels, {.scrambled = true});
    EXPECT_LE(control.test, 0.45);
    EXPECT_GE(linear_probe(at::cat({images, at::ones_like(images)}, 1), labels,
                           at::cat({test_images, at::ones_like(test_images)}, 1), test_labels)
                  .test,
              0.9)
        << "features that never vary do no harm";
}

TEST(SensitivityErrors, of_the_linear_probe_name_what_is_wrong) {
    const auto sample = test::band_images(8, 5);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto probe = [&](const at::Tensor& x, const at::Tensor& y,
                           const ProbeOptions& options = {}) {
        return error_of([&] { linear_probe(x, y, images, labels, options); });
    };
    EXPECT_THAT(
        probe(images.slice(3, 0, 4), labels),
        HasSubstr(
            "training and test images must have the same number of features, got 64 and 256"));
    EXPECT_THAT(probe(images / 0, labels),
                HasSubstr("training features must contain only finite numbers"));
    EXPECT_THAT(probe(images, labels.slice(0, 0, 3)),
                HasSubstr("training labels must be int64 [8]"));
    EXPECT_THAT(probe(images, labels - 1), HasSubstr("training labels must be >= 0, got -1"));
    EXPECT_THAT(probe(images, labels, {.steps = 0}), HasSubstr("steps must be at least 1, got 0"));
    EXPECT_THAT(probe(images, labels, {.lr = 0}),
                HasSubstr("lr must be a finite number above 0, got 0"));
    EXPECT_THAT(probe(images, labels, {.weight_decay = -1}),
                HasSubstr("weight_decay must be a finite number >= 0, got -1"));
}

}  // namespace
}  // namespace hfc::sensitivity
