// Grey and standardised images.
#include "data/transform/pixels.h"

#include "data/support.h"

#include <ATen/ATen.h>

namespace hfc::data {
namespace {

using testing::HasSubstr;

at::Tensor applied(const Transform& transform, const at::Tensor& images) {
    TransformBatch batch;
    batch.images = images;
    transform.apply(batch);
    return batch.images;
}

TEST(Grey, weighs_colours_as_pillow_does) {
    // Pillow 12: Image.new("RGB", (1, 1), (200, 30, 90)).convert("L") is 88, (255, 0, 0) is 76.
    const auto x = at::tensor({200.0F, 30.0F, 90.0F, 255.0F, 0.0F, 0.0F}).div(255);
    const auto grey = applied(GreyTransform(), x.view({2, 3, 1, 1}));
    EXPECT_EQ(grey.sizes(), at::IntArrayRef({2, 1, 1, 1}));
    EXPECT_NEAR(grey[0].item<double>() * 255, 88, 0.5);
    EXPECT_NEAR(grey[1].item<double>() * 255, 76, 0.5);
    const auto already = at::rand({2, 1, 3, 3});
    EXPECT_TRUE(at::equal(applied(GreyTransform(), already), already));
    EXPECT_EQ(GreyTransform().shape({3, 8, 9}), Shape({1, 8, 9}));
}

TEST(Standardise, is_a_view_with_other_pixels) {
    const auto x = at::rand({4, 3, 2, 2});
    const auto one = applied(StandardiseTransform({0.449}, {0.226}, 3), x);
    EXPECT_TRUE(at::allclose(one, (x - 0.449) / 0.226));
    const auto each = applied(StandardiseTransform({0, 0.5, 1}, {1, 2, 4}, 3), x);
    EXPECT_TRUE(at::allclose(each.select(1, 2), (x.select(1, 2) - 1) / 4));
    const auto dataset = dataset_of(x, at::zeros({4}, at::kLong))
                             .transformed(std::make_shared<GreyTransform>())
                             .transformed(std::make_shared<StandardiseTransform>(
                                 std::vector{0.5}, std::vector{0.25}, 1));
    EXPECT_EQ(dataset.channels(), 1);
    EXPECT_THAT(dataset.name(), HasSubstr("grey, standardised by 0.5 and 0.25"));
    EXPECT_EQ(dataset.batch(0, 4).images.sizes(), at::IntArrayRef({4, 1, 2, 2}));
}

TEST(Standardise, says_what_is_wrong) {
    const auto error = [](std::vector<double> mean, std::vector<double> deviation) {
        return test::error_of(
            [&] { StandardiseTransform(std::move(mean), std::move(deviation), 3); });
    };
    EXPECT_THAT(error({0, 0}, {1, 1}), HasSubstr("or 3 of each (one per channel), got 2 and 2"));
    EXPECT_THAT(error({0}, {0}),
                HasSubstr("each deviation must be a finite number above 0, got 0"));
    EXPECT_THAT(error({std::nan("")}, {1}), HasSubstr("each mean must be finite, got nan"));
}

}  // namespace
}  // namespace hfc::data
