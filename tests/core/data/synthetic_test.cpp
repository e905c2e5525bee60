#include "data/source/synthetic.h"

#include "data/support.h"

#include <ATen/ATen.h>
#include <ATen/ops/fft_fft2.h>

#include <limits>

namespace hfc::data {
namespace {

using testing::HasSubstr;

/// The share of the variance of each image's channels that lies at frequencies where `mask` is 1,
/// the mean left out.
at::Tensor share_of_energy(const at::Tensor& images, const at::Tensor& mask) {
    const auto energy = at::fft_fft2(images.to(at::kDouble)).abs().square();
    energy.select(3, 0).select(2, 0).zero_();
    return (energy * mask).sum({2, 3}) / energy.sum({2, 3});
}

/// Images with one pattern alone, weak enough not to be clipped.
Dataset pattern_alone(SyntheticOptions options) {
    options.noise = 0;
    options.train = 2 * options.classes;
    return synthetic(options).train;
}

TEST(Synthetic, has_the_sizes_that_are_asked_for) {
    const auto [train, test] = synthetic(
        {.train = 30, .test = 7, .classes = 4, .size = 15, .channels = 1, .high_radius = 5});
    EXPECT_EQ(train.size(), 30);
    EXPECT_EQ(test.size(), 7);
    EXPECT_EQ(train.classes(), 4);
    EXPECT_EQ(train.batch(0, 2).images.sizes(), at::IntArrayRef({2, 1, 15, 15}));
    EXPECT_EQ(train.name(), "synthetic train");
    EXPECT_THAT(labels_of(test), testing::ElementsAre(0, 1, 2, 3, 0, 1, 2));
}

TEST(Synthetic, puts_the_low_pattern_within_its_radius) {
    const auto images = pattern_alone({.low = 0.2, .high = 0, .low_radius = 4}).batch(0, 20).images;
    EXPECT_GT(share_of_energy(images, frequency::radial_mask(32, 32, 4)).min().item<double>(),
              0.998)
        << "all but the rounding to bytes";
    EXPECT_LT(share_of_energy(images, frequency::radial_mask(32, 32, 2)).mean().item<double>(), 0.6)
        << "not all in the middle";
}

TEST(Synthetic, puts_the_high_pattern_beyond_its_radius) {
    const auto images =
        pattern_alone({.low = 0, .high = 0.2, .high_radius = 12}).batch(0, 20).images;
    EXPECT_GT(share_of_energy(images, 1 - frequency::radial_mask(32, 32, 12)).min().item<double>(),
              0.998);
}

TEST(Synthetic, gives_patterns_their_strength) {
    for (const auto& [low, high] : {std::pair(0.2, 0.0), std::pair(0.0, 0.1)}) {
        const auto images =
            pattern_alone({.low = low, .high = high}).batch(0, 20).images.to(at::kDouble);
        EXPECT_NEAR((images * 2 - 1).var({2, 3}, 0).sqrt().mean().item<double>(), low + high, 2e-3);
        EXPECT_NEAR(images.mean().item<double>(), 0.5, 1e-3);
    }
    const auto noise =
        synthetic({.low = 0, .high = 0, .noise = 0.2}).train.batch(0, 400).images * 2 - 1;
    EXPECT_NEAR(noise.std().item<double>(), 0.2, 1e-3);
    EXPECT_NEAR(noise.pow(4).mean().item<double>() / std::pow(0.2, 4), 3, 0.15)
        << "as a normal distribution's";
}

TEST(Synthetic, gives_each_class_a_pattern_of_its_own) {
    const auto data = pattern_alone({.low = 0.2, .high = 0.2});
    const auto images = data.batch(0, 20).images.flatten(1) - 0.5;
    EXPECT_TRUE(at::equal(images.slice(0, 0, 10), images.slice(0, 10, 20)))
        << "without noise, images of a class are equal";
    const auto classes = images.slice(0, 0, 10);
    const auto norm = classes.norm(2, {1}, true);
    const auto correlation = classes.matmul(classes.t()) / norm.matmul(norm.t());
    EXPECT_LT((correlation - at::eye(10)).abs().max().item<double>(), 0.4);
}

/// How often the nearest of the class patterns, seen through `filter`, is the label's.
double share_recognized(SyntheticOptions options, const Filter& filter) {
    auto patterns = options;
    patterns.low_correlation = patterns.high_correlation = 1;
    const auto references = pattern_alone(patterns)
                                .slice(0, options.classes)
                                .filtered(filter)
                                .batch(0, options.classes)
                                .images.flatten(1);
    const auto data = synthetic(options).test.filtered(filter);
    const auto images = data.batch(0, data.size()).images.flatten(1);
    return at::cdist(images, references)
        .argmin(1)
        .eq(data.labels())
        .to(at::kDouble)
        .mean()
        .item<double>();
}

TEST(Synthetic, hides_the_label_where_the_correlation_is_0) {
    SyntheticOptions options{
        .train = 10, .test = 1000, .low_correlation = 1, .high_correlation = 0};
    const Filter low{Part::low, 4}, high{Part::high, 12};
    EXPECT_GT(share_recognized(options, low), 0.99);
    EXPECT_NEAR(share_recognized(options, high), 0.1, 0.04);
    options.low_correlation = 0;
    options.high_correlation = 1;
    EXPECT_NEAR(share_recognized(options, low), 0.1, 0.04);
    EXPECT_GT(share_recognized(options, high), 0.99);
    options.low_correlation = 0.5;
    EXPECT_NEAR(share_recognized(options, low), 0.55, 0.06)
        << "half by the label, a tenth of the rest by chance";
}

/// Where in the image the frequencies beyond 12 are strong, as features: the mean size of 4 x 4
/// pixels each.
at::Tensor high_energy(const Dataset& data) {
    return at::avg_pool2d(data.high_pass(12).batch(0, data.size()).images.abs(), {4, 4}).flatten(1);
}

TEST(Synthetic, leaks_nothing_of_the_low_pattern_by_clipping) {
    const SyntheticOptions options{.train = 2000, .test = 1000, .high_correlation = 0};
    const auto [train, test] = synthetic(options);
    const auto means = at::zeros({10, 192}).index_add(0, train.labels(), high_energy(train)) / 200;
    const auto guessed = at::cdist(high_energy(test), means).argmin(1);
    EXPECT_NEAR(guessed.eq(test.labels()).to(at::kDouble).mean().item<double>(), 0.1, 0.04);
    const auto pixels = train.batch(0, 2000).images;
    EXPECT_LT((pixels.eq(0) | pixels.eq(1)).to(at::kDouble).mean().item<double>(), 0.002);
}

TEST(Synthetic, is_the_same_on_every_machine) {
    uint64_t hash = 0xcbf29ce484222325U;
    for (const auto& part : {synthetic().train, synthetic().test}) {
        const auto bytes = part.batch(0, part.size()).images.mul(255).round().to(at::kByte);
        for (const auto* byte = bytes.data_ptr<uint8_t>();
             byte != bytes.data_ptr<uint8_t>() + bytes.numel(); ++byte) {
            hash = (hash ^ *byte) * 0x100000001b3U;
        }
    }
    EXPECT_EQ(hash, 8781553101685166922U)
        << "images of the default options have changed; results that rest on them change too";
}

TEST(Synthetic, depends_on_the_seed) {
    const SyntheticOptions options{.train = 20, .test = 20, .seed = 1};
    auto other = options;
    other.seed = 2;
    const auto images = [](const Dataset& data) { return data.batch(0, data.size()).images; };
    EXPECT_TRUE(at::equal(images(synthetic(options).train), images(synthetic(options).train)));
    EXPECT_FALSE(at::equal(images(synthetic(options).train), images(synthetic(other).train)));
    EXPECT_FALSE(at::equal(images(synthetic(options).train), images(synthetic(options).test)));
}

TEST(Synthetic, refuses_settings_out_of_range) {
    const auto error_with = [](auto change) {
        SyntheticOptions options;
        change(options);
        return error_of([&] { synthetic(options); });
    };
    EXPECT_THAT(error_with([](auto& options) { options.train = 0; }),
                HasSubstr("'train' of the data set 'synthetic' must be 1 to 10000000, got 0"));
    EXPECT_THAT(error_with([](auto& options) { options.test = -1; }), HasSubstr("'test' of"));
    EXPECT_THAT(error_with([](auto& options) { options.classes = 0; }), HasSubstr("'classes' of"));
    EXPECT_THAT(error_with([](auto& options) { options.size = 1; }),
                HasSubstr("'size' of the data set 'synthetic' must be 2 to 1024, got 1"));
    EXPECT_THAT(error_with([](auto& options) { options.channels = 17; }),
                HasSubstr("'channels' of"));
    EXPECT_THAT(error_with([](auto& options) { options.low = -0.5; }),
                HasSubstr("'low' of the data set 'synthetic' must be 0 to 100, got -0.5"));
    EXPECT_THAT(error_with([](auto& options) { options.high = std::nan(""); }),
                HasSubstr("got nan"));
    EXPECT_THAT(
        error_with([](auto& options) { options.noise = std::numeric_limits<double>::infinity(); }),
        HasSubstr("got inf"));
    EXPECT_THAT(error_with([](auto& options) { options.low_correlation = 1.5; }),
                HasSubstr("'low_correlation' of the data set 'synthetic' must be 0 to 1, got 1.5"));
    EXPECT_THAT(error_with([](auto& options) { options.high_correlation = -1; }),
                HasSubstr("'high_correlation' of"));
    EXPECT_THAT(error_with([](auto& options) { options.low_radius = 0.5; }),
                HasSubstr("'low_radius' of"));
    EXPECT_THAT(error_with([](auto& options) { options.high_radius = 23; }),
                HasSubstr("below 22.63 (the highest frequency in images 32 pixels wide), got 23"));
    EXPECT_THAT(error_with([](auto& options) { options.train = 10'000'000, options.size = 1024; }),
                HasSubstr("expected at most 69 GB"));
}

}  // namespace
}  // namespace hfc::data
