#include "sensitivity/scan.h"

#include "attack/support.h"
#include "mask/networks.h"
#include "mask/operator.h"
#include "sensitivity/spectra.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

namespace hfc::sensitivity {
namespace {

using test::distance;
using test::error_of;
using testing::HasSubstr;

TEST(Basis, has_one_frequency_and_unit_norm) {
    for (const auto& [row, column] :
         {std::pair<int64_t, int64_t>{0, 0}, {0, 3}, {2, 5}, {4, 0}, {7, 6}, {4, 3}}) {
        const auto image = basis_image(8, 7, row, column).to(at::kDouble);
        EXPECT_NEAR(image.norm().item<double>(), 1, 1e-6);
        auto power = at::fft_fft2(image).abs().square();
        const auto total = power.sum().item<double>();
        power[row][column] = 0;
        power[(8 - row) % 8][(7 - column) % 7] = 0;
        EXPECT_LT(power.sum().item<double>(), 1e-10 * total);
    }
}

/// The heat map as its definition says, frequency by frequency, both k and -k.
TEST(HeatMap, is_what_its_definition_says) {
    const auto [drawn, labels] = test::band_images(40, 1);
    const auto images = drawn.clamp(0, 1);
    const auto model = test::band_model();
    HeatMapOptions options{.epsilon = 8, .seed = 4};
    options.scan.inference.batch_size = 7;
    const auto map = heat_map(*model, data::dataset_of(images, labels), options);
    ASSERT_EQ(map.sizes(), at::IntArrayRef({16, 16}));
    const auto signs =
        uniform_float_by_sample(at::arange(40), 1, 4, "heat map signs").lt(0.5).to(at::kFloat) * 2 -
        1;
    for (int64_t row = 0; row < 16; ++row) {
        for (int64_t column = 0; column < 16; ++column) {
            auto noise = at::zeros({16, 16}, at::kDouble);
            for (int64_t i = 0; i < 16; ++i) {
                for (int64_t j = 0; j < 16; ++j) {
                    noise[i][j] = std::cos(2 * std::numbers::pi *
                                           static_cast<double>(row * i + column * j) / 16);
                }
            }
            const auto noisy =
                (images + (noise / noise.norm() * 8).to(at::kFloat) * signs.reshape({40, 1, 1, 1}))
                    .clamp(0, 1);
            const auto error = model->forward(noisy).argmax(1).ne(labels).to(at::kDouble).mean();
            ASSERT_NEAR(map[row][column].item<double>(), error.item<double>(), 1e-9)
                << row << ' ' << column;
        }
    }
    // The network hears the band alone (and, as noise is cut off to [0,1], a little of what that
    // makes of other frequencies).
    const auto band = test::band_mask();
    const auto inside = (map * band).sum().item<double>() / band.sum().item<double>();
    const auto outside = (map * (1 - band)).sum().item<double>() / (1 - band).sum().item<double>();
    EXPECT_GT(inside, 2 * outside + 0.1) << outside;
}

TEST(HeatMap, does_not_depend_on_the_batch_and_stops_at_its_reach) {
    const auto [drawn, labels] = test::band_images(20, 2);
    const auto images = drawn.clamp(0, 1);
    const auto model = test::band_model();
    HeatMapOptions options{.epsilon = 2};
    options.scan.reach = 2;
    double share = 0;
    int64_t calls = 0;
    options.scan.after_batch = [&](double now) {
        EXPECT_GT(now, share);
        share = now;
        ++calls;
    };
    const auto whole = heat_map(*model, data::dataset_of(images, labels), options);
    EXPECT_EQ(calls, 13) << "of 25 frequencies one of each pair";
    EXPECT_NEAR(share, 1, 1e-9);
    EXPECT_EQ(whole.isnan().sum().item<int64_t>(), 256 - 25);
    EXPECT_TRUE(whole[14][1].eq(whole[2][15]).item<bool>());
    options.scan.after_batch = {};
    options.scan.inference.batch_size = 3;
    EXPECT_LT(distance(whole.nan_to_num(9),
                       heat_map(*model, data::dataset_of(images, labels), options).nan_to_num(9)),
              1e-9);
    options.epsilon = 0;
    const auto clean =
        1 - model->forward(images).argmax(1).eq(labels).to(at::kDouble).mean().item<double>();
    EXPECT_NEAR(heat_map(*model, data::dataset_of(images, labels), options)[1][1].item<double>(),
                clean, 1e-9);
}

TEST(HeatMap, gives_an_image_the_same_signs_in_every_view) {
    const auto [drawn, labels] = test::band_images(12, 2);
    const auto images = drawn.clamp(0, 1);
    const auto model = test::band_model();
    const auto dataset = data::dataset_of(images, labels);
    HeatMapOptions options{.epsilon = 4};
    options.scan.reach = 4;
    const auto whole = heat_map(*model, dataset, options);
    auto sum = at::zeros_like(whole);
    for (int64_t i = 0; i < 12; ++i) {
        sum += heat_map(*model, dataset.select(at::full({1}, i, at::kLong)), options);
    }
    EXPECT_LT(distance((sum / 12).nan_to_num(9), whole.nan_to_num(9)), 1e-9);
}

TEST(Dominant, is_the_rise_of_the_loss_without_a_frequency) {
    const auto sample = test::band_images(24, 3);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto model = test::band_model();
    const auto map =
        dominant(*model, data::dataset_of(images, labels), {.inference = {.batch_size = 10}});
    ASSERT_EQ(map.sizes(), at::IntArrayRef({4, 16, 16}));
    const auto loss = [&](const at::Tensor& x) {
        return at::cross_entropy_loss(model->forward(x), labels, {}, at::Reduction::None);
    };
    for (const auto& [row, column] :
         {std::pair<int64_t, int64_t>{3, 3}, {13, 13}, {0, 4}, {8, 8}, {0, 0}, {8, 3}}) {
        auto mask = at::ones({16, 16}, at::kDouble);
        mask[row][column] = 0;
        mask[(16 - row) % 16][(16 - column) % 16] = 0;
        const auto rise = loss(mask::apply(images, mask)) - loss(images);
        for (int64_t label = 0; label < 4; ++label) {
            const auto expected =
                rise.index_select(0, labels.eq(label).nonzero().squeeze(1)).mean();
            EXPECT_NEAR(map[label][row][column].item<double>(), expected.item<double>(), 1e-5)
                << label << ": " << row << ' ' << column;
        }
    }
    const auto band = test::band_mask();
    EXPECT_LT((map * (1 - band)).abs().max().item<double>(), 1e-4)
        << "nothing outside of the band matters";
    EXPECT_GT((map * band).max().item<double>(), 1e-2);
}

/// Two channels of 6 x 5, and a network that hears all of them.
struct Oblong {
    at::Tensor images = test::formula_images(7, 2, 6).slice(3, 0, 5);
    at::Tensor labels = at::tensor({0, 1, 2, 2, 1, 0, 0}, at::kLong);
    std::shared_ptr<test::FunctionModel> model =
        test::tanh_model(2 * test::formula_values(180, 9).reshape({3, 60}) - 1);
};

TEST(HeatMap, of_oblong_images_with_channels_is_what_its_definition_says) {
    const Oblong oblong;
    HeatMapOptions options{.epsilon = 3, .seed = 2};
    options.scan.inference.batch_size = 3;
    const auto map =
        heat_map(*oblong.model, data::dataset_of(oblong.images, oblong.labels), options);
    ASSERT_EQ(map.sizes(), at::IntArrayRef({6, 5}));
    const auto signs =
        uniform_float_by_sample(at::arange(7), 2, 2, "heat map signs").lt(0.5).to(at::kFloat) * 2 -
        1;
    for (int64_t row = 0; row < 6; ++row) {
        for (int64_t column = 0; column < 5; ++column) {
            auto spectrum = at::zeros({6, 5}, at::kComplexDouble);
            spectrum[row][column] += 1;
            spectrum[(6 - row) % 6][(5 - column) % 5] += 1;
            const auto wave = at::real(at::fft_ifft2(spectrum));
            const auto noise =
                (wave / wave.norm() * 3).to(at::kFloat) * signs.reshape({7, 2, 1, 1});
            const auto error = oblong.model->forward((oblong.images + noise).clamp(0, 1))
                                   .argmax(1)
                                   .ne(oblong.labels)
                                   .to(at::kDouble);
            EXPECT_NEAR(map[row][column].item<double>(), error.mean().item<double>(), 1e-9)
                << row << ' ' << column;
        }
    }
    EXPECT_GT(map.std().item<double>(), 0.05) << "frequencies differ";
}

TEST(Dominant, of_oblong_images_with_channels_is_the_rise_of_the_loss) {
    const Oblong oblong;
    const auto map = dominant(*oblong.model, data::dataset_of(oblong.images, oblong.labels),
                              {.inference = {.batch_size = 4}});
    ASSERT_EQ(map.sizes(), at::IntArrayRef({3, 6, 5}));
    const auto loss = [&](const at::Tensor& x) {
        return at::cross_entropy_loss(oblong.model->forward(x), oblong.labels, {},
                                      at::Reduction::None);
    };
    for (int64_t row = 0; row < 6; ++row) {
        for (int64_t column = 0; column < 5; ++column) {
            auto mask = at::ones({6, 5}, at::kDouble);
            mask[row][column] = 0;
            mask[(6 - row) % 6][(5 - column) % 5] = 0;
            const auto rise = loss(mask::apply(oblong.images, mask)) - loss(oblong.images);
            for (int64_t label = 0; label < 3; ++label) {
                const auto expected =
                    rise.index_select(0, oblong.labels.eq(label).nonzero().squeeze(1)).mean();
                EXPECT_NEAR(map[label][row][column].item<double>(), expected.item<double>(), 1e-5)
                    << label << ": " << row << ' ' << column;
            }
        }
    }
}

TEST(Dominant, has_room_for_classes_without_images_and_beyond_the_data_sets_own) {
    const auto model = test::linear_model();
    const auto map = dominant(
        *model, test::toy(4, 1).with_labels(at::tensor({0, 4, 0, 4}, at::kLong)), {.reach = 1});
    ASSERT_EQ(map.sizes(), at::IntArrayRef({5, 8, 8}));
    for (int64_t label = 0; label < 5; ++label) {
        EXPECT_EQ(map[label].isnan().sum().item<int64_t>(), label % 4 == 0 ? 64 - 9 : 64);
    }
}

TEST(PowerSpectrum, obeys_parseval_and_numpy) {
    const auto x = test::formula_images(5, 2, 6).slice(3, 0, 5);
    const auto spectrum = power_spectrum(data::dataset_of(x, {}), 2);
    ASSERT_EQ(spectrum.sizes(), at::IntArrayRef({2, 6, 5}));
    const auto expected = at::fft_fft2(x.to(at::kDouble)).abs().square().mean(0) / 30;
    EXPECT_LT(distance(spectrum, expected), 1e-5);
    EXPECT_NEAR(spectrum.sum().item<double>(), x.to(at::kDouble).square().sum().item<double>() / 5,
                1e-5);
    EXPECT_EQ(power_spectrum(test::toy(4, 1)).sizes(), at::IntArrayRef({3, 8, 8}));
}

TEST(InputGradients, are_those_of_finite_differences) {
    const auto sample = test::band_images(6, 4);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto model = test::band_model();
    const auto gradients =
        input_gradients(*model, data::dataset_of(images, labels), {.batch_size = 4});
    ASSERT_EQ(gradients.sizes(), images.sizes());
    const auto direction =
        test::formula_values(images.numel(), 5).reshape(images.sizes()).to(at::kFloat) - 0.5;
    const auto loss = [&](double step) {
        const auto logits = model->forward(images + step * direction).to(at::kDouble);
        return at::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
    };
    EXPECT_NEAR((gradients * direction).sum().item<double>(), (loss(1e-3) - loss(-1e-3)) / 2e-3,
                1e-3);
    EXPECT_FALSE(model->parameters()[0].grad().defined());
}

TEST(SensitivityErrors, of_scans_name_what_is_wrong) {
    const auto sample = test::band_images(4, 5);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto model = test::band_model();
    const auto source = data::dataset_of(images, labels);
    EXPECT_THAT(error_of([&] { heat_map(*model, source, {.epsilon = -1}); }),
                HasSubstr("epsilon must be a finite number >= 0, got -1"));
    HeatMapOptions options;
    options.scan.inference.batch_size = 0;
    EXPECT_THAT(error_of([&] { heat_map(*model, source, options); }),
                HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { dominant(*model, source, {.reach = -1}); }),
                HasSubstr("'reach' must be >= 0 bins, got -1"));
    EXPECT_THAT(error_of([&] { heat_map(*model, source.with_labels(labels + 9)); }),
                HasSubstr("must be between 0 and 3 (the model's classes)"));
    EXPECT_THAT(error_of([&] { power_spectrum(source, 0); }),
                HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { input_gradients(*model, source, {.batch_size = 0}); }),
                HasSubstr("batch size must be at least 1, got 0"));
}

}  // namespace
}  // namespace hfc::sensitivity
