#include "train/adversarial.h"

#include "train/train.h"

#include "data/order.h"
#include "train/toy.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::brightness_model;
using test::error_of;
using testing::HasSubstr;

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
    const attack::AttackOptions attack{
        .method = "pgd", .epsilon = 0.03, .steps = 3, .random_start = false};
    options.objective = make_adversarial(make_objective("cross_entropy"), attack);
    const auto model = model::make("preact_resnet8", {.classes = 3});
    train(*model, dataset, options);
    EXPECT_TRUE(at::allclose(model->parameters().front(), trained_by_hand(dataset, attack, options),
                             0, 1e-6));
    options.objective = {};
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
            options.objective = make_adversarial(make_objective("cross_entropy"), attack);
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

/// Hands on the images that it is asked about.
class Recorder : public Objective {
  public:
    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        images = batch.images;
        return {at::cross_entropy_loss(model.forward(batch.images), batch.labels)};
    }
    checkpoint::Json describe() const override { return "recorder"; }
    at::Tensor images;
};

TEST(AdversarialTraining, draws_the_same_for_an_image_in_every_batch) {
    const auto model = brightness_model();
    const auto data = test::toy(24, 1);
    const auto attacked = [&](const at::Tensor& positions, uint64_t seed, int64_t epoch) {
        const auto recorder = std::make_shared<Recorder>();
        // The random start stays in sight.
        const auto objective =
            make_adversarial(recorder, {.method = "pgd", .alpha = 1e-9, .steps = 1});
        const auto batch = data.batch(positions);
        objective->loss(*model, {batch.images, batch.labels, batch.samples, {seed, epoch}, 1});
        return recorder->images;
    };
    const auto whole = attacked(at::arange(24), 0, 3);
    EXPECT_FALSE(whole.equal(data.batch(0, 24).images));
    for (const int64_t size : {1, 3, 7}) {
        const auto order = at::arange(24).flip(0);
        for (int64_t begin = 0; begin < 24; begin += size) {
            const auto rows = order.slice(0, begin, begin + size);
            EXPECT_TRUE(attacked(rows, 0, 3).equal(whole.index_select(0, rows)));
        }
    }
    EXPECT_FALSE(whole.equal(attacked(at::arange(24), 0, 4))) << "another epoch";
    EXPECT_FALSE(whole.equal(attacked(at::arange(24), 1, 3))) << "another seed";
}

TEST(AdversarialTraining, refuses_an_attack_out_of_range) {
    EXPECT_THAT(
        error_of([] { make_adversarial(make_objective("cross_entropy"), {.epsilon = -1}); }),
        HasSubstr("epsilon"));
}

}  // namespace
}  // namespace hfc::train
