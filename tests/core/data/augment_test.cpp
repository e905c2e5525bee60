#include "data/transform/augment.h"

#include "data/support.h"

#include <ATen/ATen.h>
#include <numeric>

namespace hfc::data {
namespace {

using testing::HasSubstr;

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>();
}

/// Different values at each place, far from symmetric.
at::Tensor uneven_images(int64_t count, int64_t channels, int64_t height, int64_t width) {
    return (at::arange(count * channels * height * width, at::kDouble) * 0.7548776662)
        .frac()
        .reshape({count, channels, height, width})
        .to(at::kFloat);
}

TEST(Augment, does_what_is_asked) {
    const auto x = uneven_images(40, 3, 8, 8);
    EXPECT_TRUE(at::equal(augment(x, {}), x)) << "the defaults change nothing";
    EXPECT_FALSE(augment(x, {}).is_same(x)) << "the result is the caller's own";
    const auto flipped = augment(x, {.flip = true, .seed = 3});
    int64_t mirrored = 0;
    for (int64_t i = 0; i < 40; ++i) {
        const bool is_mirrored = at::equal(flipped[i], x[i].flip(-1));
        mirrored += is_mirrored;
        EXPECT_TRUE(is_mirrored || at::equal(flipped[i], x[i]));
    }
    EXPECT_GT(mirrored, 8);
    EXPECT_LT(mirrored, 32);
    EXPECT_TRUE(at::equal(flipped, augment(x, {.flip = true, .seed = 3})));
    EXPECT_FALSE(
        at::equal(augment(x, {.rotate = 30, .seed = 1}), augment(x, {.rotate = 30, .seed = 2})));
    const auto channels_last = x.contiguous(at::MemoryFormat::ChannelsLast);
    const auto turned = augment(channels_last, {.rotate = 30, .pad = 2, .flip = true});
    EXPECT_TRUE(turned.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_LT(largest_difference(turned, augment(x, {.rotate = 30, .pad = 2, .flip = true})), 1e-6);
    EXPECT_EQ(augment(x.slice(0, 0, 0), {.pad = 4}).sizes(), at::IntArrayRef({0, 3, 8, 8}));
}

TEST(Augment, pads_and_crops_by_whole_pixels) {
    const auto x = uneven_images(60, 2, 7, 6) + 0.1;
    const auto cropped = augment(x, {.pad = 2, .seed = 5});
    std::set<std::pair<int64_t, int64_t>> seen;
    for (int64_t i = 0; i < 60; ++i) {
        const auto padded = at::constant_pad_nd(x[i], {2, 2, 2, 2});
        for (int64_t row = 0; row < 5; ++row) {
            for (int64_t column = 0; column < 5; ++column) {
                if (at::equal(cropped[i], padded.narrow(1, row, 7).narrow(2, column, 6))) {
                    seen.emplace(row, column);
                }
            }
        }
    }
    EXPECT_GT(seen.size(), 18U) << "nearly all of the 25 crops come up";
    EXPECT_TRUE(std::ranges::any_of(seen, [](const auto& place) { return place.first == 4; }))
        << "the last row too";
}

const AugmentOptions everything{.least_scale = 0.7,
                                .most_scale = 1.4,
                                .translate = 0.2,
                                .rotate = 40,
                                .least_crop = 0.5,
                                .pad = 2,
                                .flip = true,
                                .seed = 9};

TEST(Augment, draws_for_each_sample) {
    const auto x = uneven_images(21, 3, 8, 8);
    const auto whole = augment(x, everything);
    EXPECT_TRUE(whole.equal(augment(x, everything, at::arange(21)))) << "the default";
    EXPECT_FALSE(whole.equal(augment(x, everything, at::arange(21) + 1)));
    for (const int64_t size : {1, 3, 7}) {
        const auto order = at::arange(21).flip(0);
        for (int64_t begin = 0; begin < 21; begin += size) {
            const auto rows = order.slice(0, begin, begin + size);
            EXPECT_TRUE(augment(x.index_select(0, rows), everything, rows)
                            .equal(whole.index_select(0, rows)))
                << size << " from " << begin;
        }
    }
    const auto one = x.slice(0, 0, 1).expand({21, 3, 8, 8});
    const auto same = augment(one, everything, at::full({21}, 5, at::kLong));
    EXPECT_TRUE(same.equal(same.slice(0, 0, 1).expand_as(same)));
    EXPECT_FALSE(same[0].equal(augment(one, everything)[0]));
}

TEST(Augment, fills_what_is_beyond_the_borders) {
    const auto x = uneven_images(21, 3, 8, 8);
    auto options = everything;
    options.fill = -2;
    const auto black = at::zeros_like(x);
    EXPECT_TRUE(at::allclose(augment(x - 2, options), augment(x, everything) - 2, 1e-5, 1e-5))
        << "images whose black is -2";
    EXPECT_EQ(augment(black - 2, options).sub(-2).abs().max().item<double>(), 0);
    options.fill = std::nan("");
    EXPECT_THAT(error_of([&] { augment(x, options); }),
                HasSubstr("the fill of an augmentation must be finite, got nan"));
    options.fill = -2;
    EXPECT_NE(AugmentTransform(options).fingerprint(), AugmentTransform(everything).fingerprint());
}

TEST(Augment, scales_turns_and_shifts) {
    // A bright square in the middle: its area says the scale, its centre the shift.
    auto x = at::zeros({30, 1, 32, 32});
    x.slice(2, 12, 20).slice(3, 12, 20).fill_(1);
    const auto area = [](const at::Tensor& images) { return images.sum({1, 2, 3}); };
    EXPECT_LT(largest_difference(area(augment(x, {.least_scale = 2, .most_scale = 2})),
                                 at::full({30}, 256)),
              12);
    EXPECT_LT(largest_difference(area(augment(x, {.least_scale = 0.5, .most_scale = 0.5})),
                                 at::full({30}, 16)),
              3);
    EXPECT_LT(largest_difference(area(augment(x, {.rotate = 180})), at::full({30}, 64)), 3);
    const auto shifted = augment(x, {.translate = 0.2});
    EXPECT_LT(largest_difference(area(shifted), at::full({30}, 64)), 1e-2);
    const auto columns = (shifted * at::arange(32)).sum({1, 2, 3}) / 64 - 15.5;
    EXPECT_LE(columns.abs().max().item<double>(), 6.41);
    EXPECT_GT(columns.abs().max().item<double>(), 4);
    const auto cropped = area(augment(x, {.least_crop = 0.25}));
    EXPECT_GT(cropped.max().item<double>(), 100) << "a crop enlarges";
    // Pixels are turned, not the square [-1,1]: an image twice as wide keeps the square's area and
    // shape.
    auto wide = at::zeros({30, 1, 16, 32});
    wide.slice(2, 4, 12).slice(3, 12, 20).fill_(1);
    EXPECT_LT(largest_difference(area(augment(wide, {.rotate = 90})), at::full({30}, 64)), 3);
}

TEST(Augment, refuses_what_is_out_of_range) {
    const auto images = uneven_images(2, 1, 8, 8);
    const auto with = [&](const AugmentOptions& wanted) {
        return error_of([&] { augment(images, wanted); });
    };
    EXPECT_THAT(
        with({.least_scale = 2}),
        HasSubstr("the scale of an augmentation must be two ascending numbers above 0, got 2 "
                  "and 1"));
    EXPECT_THAT(with({.translate = 2}),
                HasSubstr("the translation of an augmentation must be a fraction in [0,1], got 2"));
    EXPECT_THAT(with({.rotate = 270}),
                HasSubstr("the rotation of an augmentation must be 0 to 180 degrees, got 270"));
    EXPECT_THAT(
        with({.least_crop = 0}),
        HasSubstr("the crop of an augmentation must be a fraction of the area in (0,1], got 0"));
    EXPECT_THAT(with({.pad = -1}),
                HasSubstr("the padding of an augmentation must be 0 to 4096 pixels, got -1"));
    EXPECT_THAT(
        error_of([&] { augment(images, {}, at::arange(3)); }),
        HasSubstr(
            "samples must be int64 [2] (the index of each image in its source), got int64 [3]"));
    EXPECT_THAT(error_of([&] { augment(images, {}, at::zeros({2})); }),
                HasSubstr("samples must be int64 [2]"));
    EXPECT_THAT(error_of([&] { augment(images[0], {}); }),
                HasSubstr("images must be float32 [N, C, H, W], got float32 [1, 8, 8]"));
}

}  // namespace
}  // namespace hfc::data
