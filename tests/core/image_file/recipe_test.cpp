#include "image_file/recipe.h"

#include "files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::image_file {
namespace {

using test::error_of;
using testing::HasSubstr;

const std::vector<double> none;

std::string error(std::vector<PictureStep> steps) {
    return error_of([&] { PictureRecipe recipe(std::move(steps)); });
}

TEST(Recipe, is_its_steps_one_after_the_other) {
    const Size picture{300, 400};
    const PictureRecipe fixed({{StepKind::resize, 256}, {StepKind::center_crop, 224}});
    EXPECT_EQ(fixed.size(), 224);
    EXPECT_EQ(fixed.numbers(), 0);
    EXPECT_EQ(fixed.geometry(picture, none), center_crop(resize(picture, 256), 224));
    EXPECT_EQ(fixed.describe(), "resize 256, center_crop 224");

    const PictureRecipe random({{StepKind::random_resized_crop, 32},
                                {StepKind::horizontal_flip, 0, {}, 0.25},
                                {StepKind::center_crop, 30},
                                {StepKind::horizontal_flip}});
    EXPECT_EQ(random.size(), 30);
    std::vector<double> numbers(static_cast<size_t>(random.numbers()), 0.4);
    numbers[numbers.size() - 2] = 0.2;  // the first flip is done, the second too
    auto expected = random_resized_crop(picture, 32, {}, [] { return 0.4; });
    expected.flip = true;
    expected = center_crop(expected, 30);
    expected.flip = false;
    EXPECT_EQ(random.geometry(picture, numbers), expected);
    EXPECT_EQ(random.describe(),
              "random_resized_crop 32, horizontal_flip, center_crop 30, "
              "horizontal_flip");
}

TEST(Recipe, gives_each_step_numbers_of_its_own) {
    const PictureRecipe crop({{StepKind::random_resized_crop, 32}});
    const PictureRecipe crop_and_flip(
        {{StepKind::random_resized_crop, 32}, {StepKind::horizontal_flip}});
    std::vector<double> numbers(static_cast<size_t>(crop_and_flip.numbers()));
    for (size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = static_cast<double>(i * 7919 % 1000) / 1000;
    }
    // Pictures that need few tries and many: the flip's number is the same.
    for (const auto& picture : {Size{100, 100}, Size{10, 90}, Size{1, 1000}}) {
        auto with = crop_and_flip.geometry(picture, numbers);
        EXPECT_EQ(with.flip, numbers.back() < 0.5);
        with.flip = false;
        EXPECT_EQ(with, crop.geometry(picture, std::span(numbers).first(22)));
    }
}

TEST(Recipe, pads_and_crops_at_random_as_torchvision_does) {
    const PictureRecipe recipe({{StepKind::pad, 4}, {StepKind::random_crop, 32}});
    EXPECT_EQ(recipe.size(), 32);
    EXPECT_EQ(recipe.numbers(), 2);
    EXPECT_EQ(recipe.describe(), "pad 4, random_crop 32");
    const Size picture{32, 40};
    for (int i = 0; i < 9; ++i) {
        for (int j = 0; j < 17; ++j) {
            const std::vector<double> random = {(i + 0.5) / 9, (j + 0.5) / 17};
            const auto geometry = recipe.geometry(picture, random);
            EXPECT_EQ(geometry.box, (Box{0, 0, 32, 40}));
            EXPECT_EQ(geometry.resized, picture);
            EXPECT_EQ(geometry.window, (Box{i - 4, j - 4, 32, 32}));
        }
    }
    EXPECT_THAT(error_of([&] {
                    recipe.geometry({10, 60}, std::vector<double>(2));
                }),
                HasSubstr("random_crop 32 requires a larger image, got 18 x 68 pixels (height x "
                          "width); resize or pad the image first"));
    // Behind a flip the place is that of the mirrored picture.
    auto flipped = whole_picture(picture);
    flipped.flip = true;
    EXPECT_EQ(random_crop(flipped, 30, [] { return 0.; }).window, (Box{0, 10, 30, 30}));
    EXPECT_EQ(pad(flipped, 2).window, (Box{-2, -2, 36, 44}));
}

TEST(Recipe, gives_each_step_its_numbers_of_colours) {
    PictureStep jitter{StepKind::color_jitter};
    jitter.jitter.brightness = 0.5;
    const PictureRecipe recipe({{StepKind::random_crop, 8}, {StepKind::horizontal_flip}, jitter});
    EXPECT_EQ(recipe.numbers(), 2 + 1 + numbers_of_jitter);
    const std::vector<double> random = {0, 0, 0, 0.5, 0.75, 0, 0, 0};
    const auto colors = recipe.colors(random);
    ASSERT_EQ(colors.size(), 1);
    EXPECT_DOUBLE_EQ(colors[0].factor, 1.25);
    auto other = jitter;
    other.jitter.hue = 0.1;
    EXPECT_NE(PictureRecipe({{StepKind::center_crop, 8}, jitter}).fingerprint(),
              PictureRecipe({{StepKind::center_crop, 8}, other}).fingerprint());
}

TEST(Recipe, of_a_name) {
    EXPECT_EQ(preset("imagenet", Interpolation::bicubic).describe(), "resize 256, center_crop 224");
    EXPECT_EQ(preset("imagenet", Interpolation::bicubic).options().interpolation,
              Interpolation::bicubic);
    EXPECT_EQ(preset("imagenet_train", {}).describe(), "random_resized_crop 224, horizontal_flip");
    EXPECT_EQ(preset("imagenet_train", {}).options().orientation, Orientation::ignore);
    EXPECT_THAT(error_of([] { preset("imagnet", {}); }),
                HasSubstr("unknown preset 'imagnet' (did you mean 'imagenet'?)"));
}

TEST(Recipe, tells_all_settings_apart) {
    const auto text = [](const PictureStep& step, const PictureOptions& options = {}) {
        return PictureRecipe({step}, options).fingerprint();
    };
    const PictureStep step{StepKind::random_resized_crop, 32};
    auto other = step;
    other.crop.scale = {0.1, 1};
    EXPECT_NE(text(step), text(other));
    EXPECT_NE(text(step), text(step, {.interpolation = Interpolation::bicubic}));
    EXPECT_NE(text(step), text(step, {.orientation = Orientation::ignore}));
    EXPECT_EQ(text(step), text(step));
}

TEST(Recipe, refuses_what_makes_no_images_of_one_size) {
    EXPECT_THAT(error({}), HasSubstr("'' lacks center_crop, random_crop or random_resized_crop"));
    EXPECT_THAT(error({{StepKind::resize, 8}}),
                HasSubstr("'resize 8' lacks center_crop, random_crop or random_resized_crop"));
    EXPECT_THAT(error({{StepKind::resize, 8}, {StepKind::random_resized_crop, 8}}),
                HasSubstr("step 2 is random_resized_crop: resize and random_resized_crop are "
                          "allowed only as the first step"));
    PictureStep jitter{StepKind::color_jitter};
    EXPECT_THAT(
        error({{StepKind::resize, 8}, jitter, {StepKind::center_crop, 8}}),
        HasSubstr("color_jitter: at least one of brightness, contrast, saturation and hue"));
    jitter.jitter.hue = 0.1;
    EXPECT_THAT(error({{StepKind::resize, 8}, jitter, {StepKind::center_crop, 8}}),
                HasSubstr("step 3 is center_crop: only horizontal_flip may follow"));
    EXPECT_THAT(error({{StepKind::pad, 8}}), HasSubstr("'pad 8' lacks center_crop"));
    EXPECT_THAT(error({{StepKind::resize, 0}, {StepKind::center_crop, 8}}),
                HasSubstr("resize: the size must be 1 to 4096 pixels, got 0"));
    EXPECT_THAT(error({{StepKind::random_resized_crop, 8, {.scale = {0.5, 0.1}}}}),
                HasSubstr("scale"));
    EXPECT_THAT(
        error({{StepKind::random_resized_crop, 8}, {StepKind::horizontal_flip, 0, {}, 1.5}}),
        HasSubstr("p must be a probability in [0,1], got 1.5"));
    EXPECT_THAT(error_of([] { parse_step("centre_crop"); }),
                HasSubstr("unknown step 'centre_crop' (did you mean 'center_crop'?)"));
}

}  // namespace
}  // namespace hfc::image_file
