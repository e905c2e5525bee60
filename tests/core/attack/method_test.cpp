// The seam: attacks of one's own, what the wrappers do with them, what an iteration can see.
#include "attack/method.h"

#include "attack/support.h"
#include "base/random.h"

namespace hfc::attack {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

/// Makes images darker by a quarter of epsilon a step, without looking at the network. Each image
/// has a counter of its steps.
class Darker : public Attack {
  public:
    using Attack::Attack;

    void begin(const AttackedNetwork& network, const AttackBatch& batch) override {
        Attack::begin(network, batch);
        steps_ = at::zeros({batch.images.size(0)}, at::kLong);
        number_ = batch.samples.clone();
    }

    void advance(Evaluation& here) override {
        EXPECT_EQ(here.images().size(0), steps_.size(0));
        EXPECT_TRUE(samples().cpu().equal(number_))
            << "the images and the state are narrowed alike";
        move_to(images() - constraint().float_epsilons() * 0.25);
        steps_ = steps_ + 1;
        most_remaining.push_back(steps_.size(0));
    }

    bool uses_gradient() const override { return false; }

    static std::vector<int64_t> most_remaining;

  protected:
    std::vector<at::Tensor*> per_image() override { return {&steps_, &number_}; }

  private:
    at::Tensor steps_;
    at::Tensor number_;
};

std::vector<int64_t> Darker::most_remaining;

void register_darker() {
    static const bool once = [] {
        register_method({.name = "darker", .steps = 4, .make = make_attack<Darker>});
        return true;
    }();
    ASSERT_TRUE(once);
}

/// Grey images of class 1 whose brightness is above the border of 0.3 by 0.012, 0.07 and 0.2,
/// twice.
data::Batch bright_images() {
    const auto brightness = at::tensor({0.312F, 0.37F, 0.5F, 0.312F, 0.37F, 0.5F});
    return {brightness.view({-1, 1, 1, 1}).expand({6, 3, 4, 4}).contiguous(),
            at::ones({6}, at::kLong), at::arange(6)};
}

data::Dataset bright_dataset() {
    auto images = std::make_shared<data::Images>();
    images->name = "bright";
    images->pixels = bright_images().images;
    images->labels = at::ones({6}, at::kLong);
    images->class_names = {"dark", "bright"};
    return data::Dataset(images);
}

TEST(Method, of_ones_own_is_one_class_and_one_registration) {
    register_darker();
    EXPECT_EQ(std::ranges::count(known_methods(), "darker"), 1);
    const auto model = test::brightness_model();
    const auto batch = bright_images();
    const auto results = perturb(*model, batch.images, batch.labels, {.method = "darker"},
                                 std::vector<double>{0.08, 0.1});
    EXPECT_LT(test::distance(results[0], batch.images - 0.08), 1e-6);
    EXPECT_LT(test::distance(results[1], batch.images - 0.1), 1e-6);
    EXPECT_THAT(error_of([] { register_method({.name = "pgd", .make = make_attack<Darker>}); }),
                HasSubstr("already an attack named 'pgd'"));
    EXPECT_THAT(error_of([] { register_method({.name = "nothing"}); }),
                HasSubstr("'nothing' has no make function"));
}

TEST(Method, of_ones_own_works_with_every_wrapper) {
    register_darker();
    const auto model = test::brightness_model();
    const auto data = bright_dataset();
    for (const bool early_stop : {true, false}) {
        Darker::most_remaining.clear();
        EXPECT_THAT(
            robust_accuracy(*model, data, {.method = "darker"}, {0.3, 0.02, 0.1},
                            {.early_stop = early_stop}),
            ElementsAre(0, testing::DoubleNear(2.0 / 3, 1e-9), testing::DoubleNear(1.0 / 3, 1e-9)));
        if (early_stop) {
            // Epsilon 0.02: those of 0.312 are fooled after three steps (0.015).
            EXPECT_THAT(
                std::vector(Darker::most_remaining.begin(), Darker::most_remaining.begin() + 4),
                ElementsAre(6, 6, 6, 4));
        }
    }
    const auto batch = bright_images();
    const auto smallest = smallest_epsilon(*model, batch.images, batch.labels, {.method = "darker"},
                                           {.bisections = 14});
    EXPECT_NEAR(smallest[0].item<double>(), 0.012, 1e-3);
    EXPECT_NEAR(smallest[4].item<double>(), 0.07, 1e-3);
    EXPECT_NEAR(smallest[5].item<double>(), 0.2, 1e-3);
}

TEST(Method, without_gradients_records_no_graph) {
    register_darker();
    bool recorded = false;
    test::FunctionModel model(
        at::ones({1}), [&](const at::Tensor& weight, const at::Tensor& images) {
            recorded |= images.requires_grad();
            const auto brightness = images.mean({1, 2, 3}).sub(0.3).mul(weight);
            return at::stack({brightness.neg(), brightness}, 1);
        });
    robust_accuracy(model, bright_dataset(), {.method = "darker"}, {0.1});
    EXPECT_FALSE(recorded);
}

TEST(Keep, best_returns_the_first_step_that_fools) {
    register_darker();
    const auto model = test::brightness_model();
    const auto batch = bright_images();
    const auto best = perturb(*model, batch.images, batch.labels,
                              {.method = "darker", .epsilon = 0.08, .keep = Keep::best});
    const auto change = (batch.images - best).amax({1, 2, 3});
    EXPECT_LT(test::distance(change, at::tensor({0.02, 0.08, 0.08, 0.02, 0.08, 0.08})), 1e-6)
        << "for the others the largest loss";
}

class Gradients : public testing::Test {
  protected:
    Gradients()
        : model_(test::linear_model()),
          settings_(resolve({})),
          network_(*model_, settings_, {}),
          images_(test::formula_images(5, 3, 8)) {}

    /// The gradient of logit `k` of a linear network: its weights.
    at::Tensor weights(int64_t k) { return model_->parameters()[0].detach()[k].view({3, 8, 8}); }

    std::shared_ptr<test::FunctionModel> model_;
    Settings settings_;
    AttackedNetwork network_;
    at::Tensor images_;
};

TEST_F(Gradients, of_each_class) {
    Evaluation here(network_, images_, at::arange(5));
    const auto all = here.class_gradients();
    ASSERT_EQ(all.sizes(), at::IntArrayRef({5, 10, 3, 8, 8}));
    for (int64_t i = 0; i < 5; ++i) {
        for (int64_t k = 0; k < 10; ++k) {
            EXPECT_LT(test::distance(all[i][k], weights(k)), 1e-6);
        }
    }
    const auto classes = at::tensor({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, at::kLong).view({5, 2});
    const auto two = here.class_gradients(classes);
    ASSERT_EQ(two.sizes(), at::IntArrayRef({5, 2, 3, 8, 8}));
    EXPECT_LT(test::distance(two[3][1], weights(7)), 1e-6);
    EXPECT_THAT(error_of([&] { here.class_gradients(classes + 1); }),
                HasSubstr("classes must be between 0 and 9"));
    EXPECT_THAT(error_of([&] { here.class_gradients(at::arange(5)); }),
                HasSubstr("classes must be an int64 tensor [5, K], got int64 [5]"));
}

TEST_F(Gradients, share_a_forward_pass_with_the_logits) {
    const auto passes = model_->passes;
    Evaluation here(network_, images_, at::arange(5));
    here.logits();
    here.losses();
    here.fooled();
    here.gradient();
    here.gradient();
    EXPECT_EQ(model_->passes, passes + 1);
}

TEST_F(Gradients, are_the_same_after_other_images_have_left) {
    const auto labels = at::arange(5);
    Evaluation whole(network_, images_, labels);
    const auto gradient = whole.gradient();
    const auto classes = whole.class_gradients();
    for (const auto& rows : {at::tensor({0, 2, 3, 4}, at::kLong), at::tensor({1}, at::kLong)}) {
        for (const bool before : {true, false}) {
            Evaluation here(network_, images_, labels);
            before ? here.logits() : here.gradient();
            here.keep(rows);
            EXPECT_EQ(here.labels().numel(), rows.numel());
            EXPECT_LT(test::distance(here.gradient(), gradient.index_select(0, rows)), 1e-6);
            EXPECT_LT(test::distance(here.class_gradients(), classes.index_select(0, rows)), 1e-6);
            EXPECT_LT(test::distance(here.logits(), whole.logits().index_select(0, rows)), 1e-5);
        }
        Evaluation twice(network_, images_, labels);
        twice.logits();
        twice.keep(at::tensor({0, 2, 3, 4}, at::kLong));
        twice.keep(at::tensor({1, 2, 3}, at::kLong));
        EXPECT_LT(test::distance(twice.gradient(), gradient.slice(0, 2)), 1e-6);
    }
}

}  // namespace
}  // namespace hfc::attack
