#include "data/transform/mixup.h"

#include "base/random.h"
#include "data/support.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::data {
namespace {

/// Image i is i everywhere, of class i % 3.
TransformBatch numbered(int64_t count, const Draw& draw = {0, 1}) {
    const auto numbers = at::arange(count, at::kFloat);
    return {numbers.reshape({count, 1, 1, 1}).expand({count, 3, 8, 8}).contiguous() / 255,
            at::arange(count).remainder(3), at::arange(count), draw};
}

TransformBatch mixed(TransformBatch batch, double alpha = 1) {
    MixUp(alpha, 3).apply(batch);
    return batch;
}

/// The mixing coefficient of a batch: of an image whose partner has another label.
double lambda_of(const TransformBatch& batch) {
    const auto own = batch.labels.gather(1, batch.samples.remainder(3).unsqueeze(1)).squeeze(1);
    return own.min().item<double>();
}

TEST(MixUp, mixes_each_image_and_its_label_with_one_other_of_the_batch) {
    const auto plain = numbered(30);
    const auto batch = mixed(plain);
    const auto lambda = lambda_of(batch);
    const auto numbers = at::arange(30, at::kDouble);
    const auto values = batch.images.select(1, 0).select(1, 0).select(1, 0).to(at::kDouble) * 255;
    const auto partner = ((values - numbers * lambda) / (1 - lambda)).round().to(at::kLong);
    EXPECT_TRUE(std::get<0>(partner.sort()).equal(at::arange(30))) << "a permutation of the batch";
    const auto one_hot = at::one_hot(plain.labels, 3).to(at::kFloat);
    EXPECT_LT((batch.labels - one_hot * lambda - one_hot.index_select(0, partner) * (1 - lambda))
                  .abs()
                  .max()
                  .item<double>(),
              1e-6);
    EXPECT_LT((batch.labels.sum(1) - 1).abs().max().item<double>(), 1e-6) << "probabilities";
}

TEST(MixUp, coefficients_are_of_the_beta_distribution) {
    for (const double alpha : {0.2, 1.0, 4.0}) {
        double sum = 0, squares = 0;
        constexpr int draws = 2000;
        for (int i = 0; i < draws; ++i) {
            // The second image is the first one's partner, or each is its own: then the draw is
            // told by an image that is 1 beside one that is 0.
            auto batch = numbered(40);
            batch.samples = at::arange(40 * i, 40 * i + 40);
            batch.labels = at::arange(40).remainder(3);
            MixUp(alpha, 3).apply(batch);
            const auto own =
                batch.labels.gather(1, at::arange(40).remainder(3).unsqueeze(1)).squeeze(1);
            const auto lambda = own.min().item<double>();
            sum += lambda;
            squares += lambda * lambda;
        }
        const auto mean = sum / draws, variance = squares / draws - mean * mean;
        const auto expected = 1 / (4 * (2 * alpha + 1));
        EXPECT_NEAR(mean, 0.5, 4 * std::sqrt(expected / draws)) << "alpha " << alpha;
        EXPECT_NEAR(variance, expected, 0.1 * expected) << "alpha " << alpha;
    }
}

TEST(MixUp, depends_on_seed_epoch_and_samples_alone) {
    const auto first = mixed(numbered(30));
    EXPECT_TRUE(first.images.equal(mixed(numbered(30)).images));
    for (const Draw& draw : {Draw{1, 1}, Draw{0, 2}}) {
        const auto other = mixed(numbered(30, draw));
        EXPECT_FALSE(first.images.equal(other.images));
        EXPECT_NE(lambda_of(first), lambda_of(other));
    }
    // In another order behind the same first image: the same pairs.
    const auto order = at::cat({at::zeros({1}, at::kLong), at::arange(1, 30).flip(0)});
    auto turned = numbered(30);
    turned.images = turned.images.index_select(0, order);
    turned.labels = turned.labels.index_select(0, order);
    turned.samples = order;
    turned = mixed(turned);
    EXPECT_TRUE(turned.images.equal(first.images.index_select(0, order)));
    EXPECT_TRUE(turned.labels.equal(first.labels.index_select(0, order)));
}

TEST(MixUp, refuses_an_alpha_that_is_not_above_0) {
    for (const double alpha : {0.0, -1.0, std::nan("")}) {
        EXPECT_THAT(error_of([&] { MixUp(alpha, 3); }),
                    testing::HasSubstr("mixup (alpha) must be a finite number above 0"));
    }
}

}  // namespace
}  // namespace hfc::data
