#include "data/support.h"

#include <ATen/ATen.h>
#include <limits>

namespace hfc::data {
namespace {

using frequency::Rule;
using testing::HasSubstr;

TEST(Filter, splits_each_batch_as_it_is_made) {
    const Dataset dataset(noise_images());
    const auto whole = dataset.batch(0, 20).images;
    const auto low = dataset.low_pass(2).batch(0, 20).images;
    const auto high = dataset.high_pass(2).batch(0, 20).images;
    EXPECT_TRUE(at::equal(low, frequency::low_pass(whole, 2)));
    EXPECT_TRUE(at::equal(high, whole - low));
    EXPECT_FALSE(at::allclose(low, whole));
    const auto positions = at::tensor({3, 1}, at::kLong);
    EXPECT_TRUE(
        at::allclose(dataset.low_pass(2).batch(positions).images, low.index_select(0, positions)));
}

TEST(Filter, knows_both_rules) {
    const Dataset dataset(noise_images());
    const auto whole = dataset.batch(0, 20).images;
    const auto inclusive = dataset.low_pass(2, Rule::inclusive).batch(0, 20).images;
    const auto exclusive = dataset.low_pass(2, Rule::exclusive).batch(0, 20).images;
    EXPECT_TRUE(at::equal(exclusive, frequency::low_pass(whole, 2, Rule::exclusive)));
    EXPECT_FALSE(at::allclose(exclusive, inclusive))
        << "the circle of radius 2 passes through (0,2) and (2,0)";
    EXPECT_TRUE(at::allclose(dataset.low_pass(0, Rule::exclusive).batch(0, 20).images,
                             at::zeros_like(whole)))
        << "nothing lies below 0";
    EXPECT_TRUE(at::allclose(dataset.low_pass(0).batch(0, 20).images,
                             whole.mean({2, 3}, true).expand_as(whole), 1e-5, 1e-6));
}

TEST(Filter, composes_with_others_and_stays_with_later_views) {
    const Dataset dataset(noise_images());
    const auto view = dataset.low_pass(3).high_pass(2);
    const auto band = view.batch(0, 20).images;
    const auto expected =
        dataset.low_pass(3).batch(0, 20).images - dataset.low_pass(2).batch(0, 20).images;
    EXPECT_TRUE(at::allclose(band, expected, 1e-5, 1e-6));
    EXPECT_TRUE(
        at::allclose(dataset.high_pass(2).low_pass(3).batch(0, 20).images, expected, 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(dataset.low_pass(2).high_pass(3).batch(0, 20).images,
                             at::zeros_like(band), 1e-5, 1e-6));
    EXPECT_TRUE(at::allclose(view.slice(4, 9).batch(0, 5).images, view.batch(4, 9).images));
    EXPECT_TRUE(at::equal(view.untransformed().batch(0, 20).images, dataset.batch(0, 20).images));
    EXPECT_EQ(dataset.filtered({}).transforms().size(), 0U) << "nothing is filtered";
}

TEST(Filter, is_told_by_the_name) {
    const Dataset dataset(noise_images());
    EXPECT_EQ(dataset.low_pass(4).shuffle_labels(1).name(), "noise, shuffled labels, low r=4");
    EXPECT_EQ(dataset.low_pass(4).high_pass(2.5).name(), "noise, low r=4, high r=2.5");
    EXPECT_EQ(dataset.high_pass(12, Rule::exclusive, Rescale::max).name(),
              "noise, high r=12 (rule <, rescale max)");
    EXPECT_EQ(dataset.low_pass(12, Rule::exclusive).name(), "noise, low r=12 (rule <)");
    EXPECT_EQ(dataset.low_pass(12).untransformed().name(), "noise");
}

TEST(Filter, refuses_a_radius_that_is_none) {
    const Dataset dataset(noise_images());
    EXPECT_THAT(
        error_of([&] { dataset.low_pass(-1); }),
        HasSubstr(
            "the radius of a low_pass must be a finite number >= 0 (in frequency bins), got -1"));
    EXPECT_THAT(error_of([&] { dataset.high_pass(std::nan("")); }),
                HasSubstr("high_pass must be a finite number >= 0 (in frequency bins), got nan"));
    EXPECT_THAT(error_of([&] { dataset.low_pass(std::numeric_limits<double>::infinity()); }),
                HasSubstr("got inf"));
}

TEST(Rescale, divides_each_image_by_its_largest_value) {
    const Dataset dataset(noise_images());
    const auto high = dataset.high_pass(2).batch(0, 20).images;
    const auto rescaled = dataset.high_pass(2, Rule::inclusive, Rescale::max).batch(0, 20).images;
    EXPECT_TRUE(at::allclose(rescaled.amax({1, 2, 3}), at::ones({20})));
    EXPECT_LT(rescaled.min().item<double>(), -0.5) << "negative values stay";
    EXPECT_TRUE(at::allclose(rescaled * high.amax({1, 2, 3}, true), high, 1e-5, 1e-7));
}

TEST(Rescale, leaves_an_image_that_has_no_positive_value) {
    const auto images = at::tensor({-1.0F, -2.0F, 0.0F, 0.0F, 4.0F, -2.0F}).reshape({3, 1, 1, 2});
    EXPECT_TRUE(
        at::equal(rescale_by_max(images),
                  at::tensor({-1.0F, -2.0F, 0.0F, 0.0F, 1.0F, -0.5F}).reshape({3, 1, 1, 2})));
    EXPECT_EQ(rescale_by_max(at::empty({0, 3, 4, 4})).size(0), 0);
    EXPECT_THAT(error_of([] { rescale_by_max(at::zeros({4, 4})); }), HasSubstr("[4, 4]"));
}

TEST(Rescale, is_parsed) {
    EXPECT_EQ(parse_rescale("none"), Rescale::none);
    EXPECT_EQ(parse_rescale("max"), Rescale::max);
    EXPECT_THAT(error_of([] { parse_rescale("std"); }),
                HasSubstr("'rescale' must be \"none\" or \"max\""));
}

TEST(ImagesOf, gives_what_each_view_gives_alone) {
    const Dataset dataset(noise_images(20, 4, 3, 9, 12));
    std::vector<Dataset> views = {dataset,
                                  dataset.low_pass(2),
                                  dataset.high_pass(2),
                                  dataset.low_pass(3).high_pass(2),
                                  dataset.low_pass(3).high_pass(1),
                                  dataset.low_pass(3),
                                  dataset.low_pass(2, Rule::exclusive),
                                  dataset.low_pass(2, Rule::inclusive, Rescale::max),
                                  dataset.filtered({Part::whole, 0, Rule::inclusive, Rescale::max}),
                                  dataset.low_pass(3)};
    const auto images = images_of(views, dataset.batch(3, 10));
    ASSERT_EQ(images.size(), views.size());
    for (size_t i = 0; i < views.size(); ++i) {
        EXPECT_TRUE(at::allclose(images[i], views[i].batch(3, 10).images, 1e-6, 1e-7))
            << views[i].name();
    }
    EXPECT_TRUE(images_of({}, dataset.batch(0, 3)).empty());
}

}  // namespace
}  // namespace hfc::data
