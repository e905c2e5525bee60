#include "train/recipe.h"

#include "data/order.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::brightness_model;
using test::error_of;

/// Image i is i everywhere, of class i % 3.
data::Batch numbered(int64_t count) {
    const auto numbers = at::arange(count, at::kFloat);
    return {numbers.reshape({count, 1, 1, 1}).expand({count, 3, 8, 8}).contiguous() / 255,
            at::arange(count).remainder(3), at::arange(count)};
}

/// The images of `batch` at `positions`.
data::Batch chosen(const data::Batch& batch, const at::Tensor& positions) {
    return {batch.images.index_select(0, positions), batch.labels.index_select(0, positions),
            batch.samples.index_select(0, positions)};
}

TrainOptions mixing(double alpha, uint64_t seed = 0) {
    TrainOptions options;
    options.mixup = alpha;
    options.seed = seed;
    return options;
}

TEST(MixUp, mixes_each_image_and_its_label_with_one_other_of_the_batch) {
    const auto model = brightness_model();
    const auto batch = numbered(30);
    const auto lesson = prepare(*model, batch, mixing(1.0), 1);
    const auto numbers = at::arange(30, at::kDouble);
    const auto mixed = lesson.images.select(1, 0).select(1, 0).select(1, 0).to(at::kDouble) * 255;
    const auto partner =
        ((mixed - numbers * lesson.share) / (1 - lesson.share)).round().to(at::kLong);
    EXPECT_TRUE(std::get<0>(partner.sort()).equal(at::arange(30))) << "a permutation of the batch";
    EXPECT_TRUE(lesson.labels.equal(batch.labels));
    EXPECT_TRUE(lesson.mixed_labels.equal(batch.labels.index_select(0, partner)));
    EXPECT_TRUE(lesson.images.equal(batch.images * lesson.share +
                                    batch.images.index_select(0, partner) * (1 - lesson.share)));
}

TEST(MixUp, loss_is_PyTorchs_cross_entropy_of_soft_labels) {
    const auto model = brightness_model();
    const auto lesson = prepare(*model, numbered(30), mixing(0.4), 1);
    const auto logits = at::randn({30, 3}, make_generator(1, "logits"), at::kDouble);
    const auto one_hot = [](const at::Tensor& labels) {
        return at::one_hot(labels, 3).to(at::kDouble);
    };
    const auto soft =
        one_hot(lesson.labels) * lesson.share + one_hot(lesson.mixed_labels) * (1 - lesson.share);
    EXPECT_NEAR(loss_of(logits, lesson).item<double>(),
                at::cross_entropy_loss(logits, soft).item<double>(), 1e-12);
}

TEST(MixUp, shares_are_of_the_beta_distribution) {
    const auto model = brightness_model();
    auto batch = numbered(2);
    for (const double alpha : {0.2, 1.0, 4.0}) {
        double sum = 0, squares = 0;
        constexpr int draws = 2000;
        for (int i = 0; i < draws; ++i) {
            batch.samples = at::arange(i, i + 2);
            const auto share = prepare(*model, batch, mixing(alpha), 1).share;
            sum += share;
            squares += share * share;
        }
        const auto mean = sum / draws, variance = squares / draws - mean * mean;
        const auto expected = 1 / (4 * (2 * alpha + 1));
        EXPECT_NEAR(mean, 0.5, 4 * std::sqrt(expected / draws)) << "alpha " << alpha;
        EXPECT_NEAR(variance, expected, 0.1 * expected) << "alpha " << alpha;
    }
}

TEST(MixUp, depends_on_seed_epoch_and_samples_alone) {
    const auto model = brightness_model();
    const auto mixed = [&](const data::Batch& batch, uint64_t seed, int64_t epoch) {
        return prepare(*model, batch, mixing(1.0, seed), epoch);
    };
    const auto batch = numbered(30);
    const auto first = mixed(batch, 0, 1);
    EXPECT_TRUE(first.images.equal(mixed(batch, 0, 1).images));
    EXPECT_FALSE(first.images.equal(mixed(batch, 1, 1).images));
    EXPECT_FALSE(first.images.equal(mixed(batch, 0, 2).images));
    EXPECT_NE(first.share, mixed(batch, 1, 1).share);
    EXPECT_NE(first.share, mixed(batch, 0, 2).share);
    auto others = batch;
    others.samples = batch.samples + 30;
    EXPECT_FALSE(first.images.equal(mixed(others, 0, 1).images));
    EXPECT_NE(first.share, mixed(others, 0, 1).share);
    // In another order behind the same first image: the same pairs.
    const auto order = at::cat({at::zeros({1}, at::kLong), at::arange(1, 30).flip(0)});
    const auto turned = mixed(chosen(batch, order), 0, 1);
    EXPECT_EQ(turned.share, first.share);
    EXPECT_TRUE(turned.images.equal(first.images.index_select(0, order)));
    EXPECT_TRUE(turned.mixed_labels.equal(first.mixed_labels.index_select(0, order)));
}

/// Augmentation and an attack that starts at random.
TrainOptions drawing(uint64_t seed = 0) {
    TrainOptions options;
    options.seed = seed;
    options.augment.pad = 2;
    options.augment.flip = true;
    options.augment.rotate = 20;
    auto& attack = options.adversarial.emplace();
    attack.method = "pgd";
    attack.steps = 1;
    attack.alpha = 1e-9;  // the start stays in sight
    return options;
}

TEST(Recipe, draws_the_same_for_an_image_in_every_batch) {
    const auto model = brightness_model();
    const auto batch = test::toy(24, 1).batch(at::arange(24));
    const auto whole = prepare(*model, batch, drawing(), 3).images;
    EXPECT_FALSE(whole.equal(batch.images));
    for (const int64_t size : {1, 3, 7}) {
        const auto order = at::arange(24).flip(0);
        for (int64_t begin = 0; begin < 24; begin += size) {
            const auto rows = order.slice(0, begin, begin + size);
            EXPECT_TRUE(prepare(*model, chosen(batch, rows), drawing(), 3)
                            .images.equal(whole.index_select(0, rows)))
                << size << " from " << begin;
        }
    }
    EXPECT_FALSE(whole.equal(prepare(*model, batch, drawing(), 4).images)) << "another epoch";
    EXPECT_FALSE(whole.equal(prepare(*model, batch, drawing(1), 3).images)) << "another seed";
}

TEST(Recipe, changes_nothing_unless_asked) {
    const auto model = brightness_model();
    const auto batch = numbered(6);
    const auto lesson = prepare(*model, batch, TrainOptions(), 1);
    EXPECT_TRUE(lesson.images.equal(batch.images));
    EXPECT_FALSE(lesson.mixed_labels.defined());
    EXPECT_EQ(model->passes, 0);
}

TEST(Recipe, augments_before_the_attack) {
    const auto model = brightness_model();
    const auto dataset = test::toy(30, 1);
    const auto batch = dataset.batch(at::arange(30));
    TrainOptions options;
    options.augment.flip = true;
    options.adversarial.emplace().method = "fgsm";
    options.adversarial->epsilon = 0.01;
    auto plain = options;
    plain.adversarial.reset();
    const auto flipped = prepare(*model, batch, plain, 1).images;
    EXPECT_FALSE(flipped.equal(batch.images));
    const auto attacked = prepare(*model, batch, options, 1).images;
    EXPECT_LE((attacked - flipped).abs().max().item<double>(), 0.01 + 1e-6);
    EXPECT_FALSE(attacked.equal(flipped));
}

/// The loop that a user would write with hfc.attack and an optimizer.
at::Tensor trained_by_hand(const data::Dataset& dataset, const attack::AttackOptions& attack,
                           const TrainOptions& options) {
    const auto model = model::make("preact_resnet8", {.classes = 3});
    const auto optimizer = optim::make_optimizer(model->parameters(), options.optimizer);
    const auto order = data::epoch_order(dataset.size(), options.seed, 1);
    model->train();
    for (int64_t begin = 0, number = 0; begin < dataset.size();
         begin += options.batch_size, ++number) {
        const auto batch = dataset.batch(
            order.slice(0, begin, std::min(begin + options.batch_size, dataset.size())));
        optimizer->zero_grad();
        const auto attacked = attack::perturb(*model, batch.images, batch.labels, attack);
        at::cross_entropy_loss(model->forward(attacked), batch.labels).backward();
        optimizer->step();
    }
    return model->parameters().front().detach().clone();
}

TEST(AdversarialTraining, is_the_loop_of_attack_and_step) {
    const auto dataset = test::toy(48, 1);
    TrainOptions options;
    options.epochs = 1;
    options.batch_size = 16;
    options.seed = 3;
    auto& attack = options.adversarial.emplace();
    attack.method = "pgd";
    attack.steps = 3;
    attack.random_start = false;
    attack.epsilon = 0.03;
    const auto model = model::make("preact_resnet8", {.classes = 3});
    train(*model, dataset, options);
    EXPECT_TRUE(at::allclose(model->parameters().front(), trained_by_hand(dataset, attack, options),
                             0, 1e-6));
    options.adversarial.reset();
    const auto natural = model::make("preact_resnet8", {.classes = 3});
    train(*natural, dataset, options);
    EXPECT_FALSE(at::allclose(model->parameters().front(), natural->parameters().front(), 0, 1e-4))
        << "else the test could not fail";
}

/// The label is in a chequerboard of 5/255, always, and in the brightness, +-38/255, for nine
/// images of ten.
data::Dataset fragile_and_robust(int64_t count) {
    const auto labels = at::arange(count).remainder(2);
    const auto sign = (labels * 2 - 1).to(at::kFloat);
    const auto honest =
        at::where(at::arange(count).div(2, "floor").remainder(10).eq(0), -sign, sign);
    const auto side = at::arange(8);
    const auto board = (side.unsqueeze(0) + side.unsqueeze(1)).remainder(2) * 2 - 1;
    auto images = std::make_shared<data::Images>();
    images->name = "fragile and robust";
    images->pixels =
        (128 + honest.reshape({-1, 1, 1, 1}) * 38 + sign.reshape({-1, 1, 1, 1}) * board * 5)
            .to(at::kByte);
    images->labels = labels;
    images->class_names = {"dark", "bright"};
    return data::Dataset(images);
}

/// Weighs brightness and chequerboard.
std::shared_ptr<test::FunctionModel> two_feature_model() {
    const auto side = at::arange(8);
    const auto board = (side.unsqueeze(0) + side.unsqueeze(1)).remainder(2) * 2 - 1;
    return std::make_shared<test::FunctionModel>(
        at::zeros({2}), [board](const at::Tensor& weight, const at::Tensor& images) {
            const auto brightness = images.mean({1, 2, 3}) - 0.5,
                       chequers = (images * board).mean({1, 2, 3}) * 10;
            const auto logit = weight[0] * brightness + weight[1] * chequers;
            return at::stack({-logit, logit}, 1);
        });
}

TEST(AdversarialTraining, drops_the_feature_that_the_attack_can_turn_round) {
    const auto dataset = fragile_and_robust(200);
    attack::AttackOptions attack;
    attack.epsilon =
        0.05;  // chequers of 5/255 become the other class's, a brightness of 38/255 stays
    const auto clean_and_robust = [&](bool adversarial) {
        const auto model = two_feature_model();
        TrainOptions options;
        options.epochs = 20;
        options.batch_size = 20;
        options.optimizer.lr = 0.3;
        if (adversarial) {
            options.adversarial = attack;
        }
        train(*model, dataset, options);
        return std::pair{
            accuracy(*model, dataset),
            attack::robust_accuracy(*model, dataset, attack, {*attack.epsilon}).front()};
    };
    const auto natural = clean_and_robust(false), robust = clean_and_robust(true);
    EXPECT_EQ(natural.first, 1.0);
    EXPECT_LT(natural.second, 0.2);
    EXPECT_NEAR(robust.first, 0.9, 1e-9) << "the brightness alone";
    EXPECT_NEAR(robust.second, 0.9, 1e-9);
}

TEST(Recipe, refuses_bad_settings) {
    const auto dataset = test::toy(12, 1);
    const auto error = [&](const std::function<void(TrainOptions&)>& change) {
        TrainOptions options;
        change(options);
        const auto model = brightness_model();
        return error_of([&] { train(*model, dataset, options); });
    };
    EXPECT_EQ(error([](auto& o) { o.mixup = -1; }),
              "hfc.train: mixup must be an alpha of at least 0, got -1");
    EXPECT_EQ(error([](auto& o) {
                  o.mixup = 1;
                  o.adversarial.emplace();
              }),
              "hfc.train: mixup and adversarial exclude each other; both are given");
    EXPECT_THAT(error([](auto& o) { o.augment.pad = -1; }),
                testing::HasSubstr("hfc.train: option augment"));
    EXPECT_THAT(error([](auto& o) { o.adversarial.emplace().epsilon = -1; }),
                testing::HasSubstr("epsilon"));
}

}  // namespace
}  // namespace hfc::train
