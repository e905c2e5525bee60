#include "train/objective.h"

#include "train/toy.h"
#include "train/train.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::train {
namespace {

using test::brightness_model;
using test::error_of;
using test::toy;
using testing::HasSubstr;

/// An objective in one place: the squared distance of logits and one-hot labels, with a setting.
class ToyObjective : public Objective {
  public:
    explicit ToyObjective(double factor) : factor_(factor) {}
    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        const auto logits = model.forward(batch.images);
        const auto error = logits - at::one_hot(batch.labels, logits.size(1));
        return {error.square().mean() * factor_, {{"size", logits.abs().mean()}}};
    }
    checkpoint::Json describe() const override { return {{"toy", factor_}}; }

  private:
    double factor_;
};

TEST(Objective, of_ones_own_takes_a_class_and_a_registration) {
    add_objective({"toy", {"factor"}, [](const ObjectiveSettings& settings) -> ObjectivePtr {
                       return std::make_shared<ToyObjective>(settings.at("factor"));
                   }});
    TrainOptions options;
    options.epochs = 3;
    options.batch_size = 16;
    options.optimizer.lr = 0.01;
    options.objective = make_objective("toy", {{"factor", 2}});
    const auto model = model::make("preact_resnet8", {.classes = 3});
    const auto results = train(*model, toy(48, 1), options);
    EXPECT_LT(results.back().loss, results.front().loss);
    ASSERT_EQ(results.back().terms.size(), 1U);
    EXPECT_EQ(results.back().terms.front().first, "size");
    EXPECT_GT(results.back().terms.front().second, 0);
}

Loss loss_of(const ObjectivePtr& objective, const at::Tensor& labels) {
    const auto data = toy(6, 1);
    objective->begin(data);
    const auto batch = data.batch(0, 6);
    return objective->loss(*brightness_model(), {batch.images, labels, batch.samples, {0, 1}, 1});
}

TEST(CrossEntropy, smooths_labels_as_pytorch_does) {
    const auto data = toy(6, 1);
    const auto logits = brightness_model()->forward(data.batch(0, 6).images).to(at::kDouble);
    const auto log_probabilities = logits.log_softmax(1);
    for (const double smoothing : {0.0, 0.1, 0.5}) {
        const auto wanted =
            at::one_hot(data.labels(), logits.size(1)).to(at::kDouble) * (1 - smoothing) +
            smoothing / static_cast<double>(logits.size(1));
        const auto objective = make_objective("cross_entropy", {{"label_smoothing", smoothing}});
        EXPECT_NEAR(loss_of(objective, data.labels()).total.item<double>(),
                    -(log_probabilities * wanted).sum(1).mean().item<double>(), 1e-6);
    }
}

TEST(CrossEntropy, takes_probabilities_also_of_fewer_classes_than_the_network_has) {
    const auto data = toy(6, 1);
    const auto objective = make_objective("cross_entropy");
    const auto one_hot = at::one_hot(data.labels(), 3).to(at::kFloat);
    const auto expected = loss_of(objective, data.labels()).total.item<double>();
    EXPECT_NEAR(loss_of(objective, one_hot).total.item<double>(), expected, 1e-6);
    const auto two = data.with_labels(data.labels().clamp_max(1));
    EXPECT_NEAR(
        loss_of(objective, at::one_hot(two.labels(), 2).to(at::kFloat)).total.item<double>(),
        loss_of(objective, two.labels()).total.item<double>(), 1e-6);
}

TEST(Objective, names_what_is_wrong) {
    EXPECT_THAT(error_of([] { make_objective("cross_entropie"); }),
                HasSubstr("unknown loss 'cross_entropie' (did you mean 'cross_entropy'?)"));
    EXPECT_THAT(error_of([] {
                    make_objective("cross_entropy", {{"smoothing", 0.1}});
                }),
                HasSubstr("the loss cross_entropy has no option 'smoothing'"));
    EXPECT_THAT(error_of([] {
                    make_objective("cross_entropy", {{"label_smoothing", 1}});
                }),
                HasSubstr("label_smoothing must be in [0,1), got 1"));
}

/// What a test gives in place of a loss.
class GivenLoss : public Objective {
  public:
    explicit GivenLoss(std::function<at::Tensor(const at::Tensor& logits)> function)
        : function_(std::move(function)) {}
    Loss loss(model::Model& model, const TrainingBatch& batch) override {
        return {function_(model.forward(batch.images))};
    }
    checkpoint::Json describe() const override { return "given"; }

  private:
    std::function<at::Tensor(const at::Tensor&)> function_;
};

TEST(Objective, that_gives_no_loss_leaves_the_weights_as_they_were) {
    const auto fails = [](std::function<at::Tensor(const at::Tensor&)> function) {
        const auto model = model::make("preact_resnet8", {.classes = 3});
        const auto before = model->parameters().front().clone();
        TrainOptions options;
        options.epochs = 1;
        options.batch_size = 16;
        options.objective = std::make_shared<GivenLoss>(std::move(function));
        const auto error = error_of([&] { train(*model, toy(48, 1), options); });
        EXPECT_TRUE(model->parameters().front().equal(before));
        return error;
    };
    EXPECT_THAT(
        fails([](const at::Tensor& logits) { return logits; }),
        HasSubstr("the loss must be a single floating-point number, got float32 [16, 3] at epoch "
                  "1, step 1"));
    EXPECT_THAT(fails([](const at::Tensor&) { return at::Tensor(); }), HasSubstr("got nothing"));
    EXPECT_THAT(fails([](const at::Tensor& logits) { return logits.detach().sum(); }),
                HasSubstr("the loss does not depend on the model's parameters"));
    EXPECT_THAT(fails([](const at::Tensor& logits) { return logits.sum() / 0 - logits.sum() / 0; }),
                HasSubstr("the loss is nan at epoch 1, batch 1"));
}

}  // namespace
}  // namespace hfc::train
