#include "image_file/picture_transform.h"

#include "files.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace hfc::image_file {
namespace {

using test::error_of;
using testing::HasSubstr;

Uniform uniform_numbers(uint64_t seed) {
    return [random = std::mt19937_64(seed)]() mutable {
        return static_cast<double>(random() >> 11) * 0x1p-53;
    };
}

TEST(Resize, keeps_the_ratio_and_rounds_down) {
    EXPECT_EQ(resize({480, 640}, 256).resized, (Size{256, 341}));
    EXPECT_EQ(resize({640, 427}, 256).resized, (Size{383, 256}));
    EXPECT_EQ(resize({7, 7}, 3).resized, (Size{3, 3}));
    EXPECT_EQ(resize({1, 3000}, 32).resized, (Size{32, 96000}));
    EXPECT_THAT(error_of([] {
                    resize({5, 5}, 0);
                }),
                HasSubstr("resize: the size must be 1 to 16384 pixels, got 0"));
}

TEST(CenterCrop, rounds_halves_to_even) {
    const auto crop = [](Size size, int64_t n) {
        return center_crop(whole_picture(size), n).window;
    };
    EXPECT_EQ(crop({256, 341}, 224), (Box{16, 58, 224, 224})) << "58.5";
    EXPECT_EQ(crop({256, 343}, 224), (Box{16, 60, 224, 224})) << "59.5";
    EXPECT_EQ(crop({10, 13}, 10), (Box{0, 2, 10, 10})) << "1.5";
}

TEST(CenterCrop, sticks_out_of_small_pictures) {
    EXPECT_EQ(center_crop(whole_picture({10, 5}), 8).window, (Box{1, -1, 8, 8}));
    EXPECT_EQ(center_crop(whole_picture({1, 1}), 8).window, (Box{-3, -3, 8, 8}));
}

TEST(CenterCrop, knows_of_a_flip_before_it) {
    auto flipped = whole_picture({10, 13});
    flipped.flip = true;
    EXPECT_EQ(center_crop(flipped, 10).window, (Box{0, 1, 10, 10})) << "13 - 10 - 2";
}

TEST(HorizontalFlip, flips_with_its_probability) {
    const auto uniform = uniform_numbers(1);
    int flips = 0;
    for (int i = 0; i < 10000; ++i) {
        flips += horizontal_flip(whole_picture({2, 2}), .3, uniform).flip ? 1 : 0;
    }
    EXPECT_NEAR(flips, 3000, 200);
    EXPECT_FALSE(horizontal_flip(whole_picture({2, 2}), 0, [] { return 0.; }).flip);
    EXPECT_TRUE(horizontal_flip(whole_picture({2, 2}), 1, [] { return .999; }).flip);
    EXPECT_THAT(error_of([&] {
                    horizontal_flip(whole_picture({2, 2}), 1.5, uniform);
                }),
                HasSubstr("p must be 0 to 1, got 1.5"));
}

/// The means of 10 000 boxes of a picture of 400 x 500.
struct Means {
    double area = 0;
    double log_ratio = 0;
    double top = 0;
    double left = 0;
};

Means means_of(const CropOptions& options) {
    constexpr int count = 10000;
    const auto uniform = uniform_numbers(2);
    Means sum;
    for (int i = 0; i < count; ++i) {
        const auto geometry = random_resized_crop({400, 500}, 224, options, uniform);
        const auto& box = geometry.box;
        EXPECT_EQ(geometry.resized, (Size{224, 224}));
        EXPECT_GE(box.top, 0);
        EXPECT_GE(box.left, 0);
        EXPECT_LE(box.top + box.height, 400);
        EXPECT_LE(box.left + box.width, 500);
        const auto height = static_cast<double>(box.height);
        const auto width = static_cast<double>(box.width);
        sum.area += height * width / 200000 / count;
        sum.log_ratio += std::log(width / height) / count;
        sum.top += static_cast<double>(box.top) / count;
        sum.left += static_cast<double>(box.left) / count;
    }
    return sum;
}

// Expected: 60 000 boxes of torchvision 0.29.
TEST(RandomResizedCrop, has_the_statistics_of_torchvision) {
    const auto usual = means_of({});
    EXPECT_NEAR(usual.area, .4534, .01);
    EXPECT_NEAR(usual.log_ratio, .0278, .01);
    EXPECT_NEAR(usual.top, 57.0, 3);
    EXPECT_NEAR(usual.left, 101.2, 4);
    const auto narrow = means_of({{.25, .5}, {.5, 2}});
    EXPECT_NEAR(narrow.area, .3723, .01);
    EXPECT_NEAR(narrow.log_ratio, .0206, .02);
    EXPECT_NEAR(narrow.top, 63.3, 3);
    EXPECT_NEAR(narrow.left, 109.9, 4);
}

TEST(RandomResizedCrop, falls_back_on_the_largest_central_box) {
    const auto uniform = uniform_numbers(3);
    const auto box = [&](Size size) {
        return random_resized_crop(size, 8, {{.9, 1}, {3. / 4, 4. / 3}}, uniform).box;
    };
    EXPECT_EQ(box({10, 100}), (Box{0, 43, 10, 13}));
    EXPECT_EQ(box({100, 10}), (Box{43, 0, 13, 10}));
    EXPECT_EQ(random_resized_crop({10, 12}, 8, {{3, 4}, {3. / 4, 4. / 3}}, uniform).box,
              (Box{0, 0, 10, 12}));
    EXPECT_EQ(random_resized_crop({1, 1}, 8, {}, uniform).box, (Box{0, 0, 1, 1}));
    EXPECT_EQ(random_resized_crop({100, 1}, 8, {{1, 1}, {3, 4}}, uniform).box, (Box{49, 0, 1, 1}))
        << "no empty box";
}

TEST(RandomResizedCrop, is_the_same_for_the_same_numbers) {
    const auto first = random_resized_crop({375, 500}, 224, {}, uniform_numbers(4));
    EXPECT_EQ(random_resized_crop({375, 500}, 224, {}, uniform_numbers(4)), first);
    EXPECT_NE(random_resized_crop({375, 500}, 224, {}, uniform_numbers(5)), first);
    EXPECT_EQ(random_resized_crop({8, 8}, 4, {{1, 1}, {1, 1}}, [] { return .9999; }).box,
              (Box{0, 0, 8, 8}));
}

TEST(RandomResizedCrop, names_a_wrong_range) {
    const auto uniform = uniform_numbers(6);
    EXPECT_THAT(error_of([&] {
                    random_resized_crop({8, 8}, 4, {{1, .5}, {1, 1}}, uniform);
                }),
                HasSubstr("scale must be two positive numbers in ascending order, got 1 and 0.5"));
    EXPECT_THAT(error_of([&] {
                    random_resized_crop({8, 8}, 4, {{1, 1}, {0, 1}}, uniform);
                }),
                HasSubstr("ratio must be"));
}

TEST(Interpolations, have_names) {
    EXPECT_EQ(parse_interpolation("bicubic"), Interpolation::bicubic);
    EXPECT_THAT(error_of([] { parse_interpolation("biliner"); }),
                HasSubstr("did you mean 'bilinear'?"));
}

}  // namespace
}  // namespace hfc::image_file
