#include "attack/support.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>

namespace hfc::attack {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

/// Grey images of one brightness each, their label 1 from 0.3 on: brightness_model() gets all of
/// them right, and a perturbation fools it from the distance to 0.3 on.
data::Dataset grey(const std::vector<double>& brightness) {
    auto images = std::make_shared<data::Images>();
    const auto count = static_cast<int64_t>(brightness.size());
    const auto values = at::tensor(brightness).mul(255).round();
    images->name = "grey";
    images->pixels =
        values.reshape({-1, 1, 1, 1}).expand({count, 3, 4, 4}).contiguous().to(at::kByte);
    images->labels = values.gt(0.3 * 255).to(at::kLong);
    images->class_names = {"dark", "bright"};
    return data::Dataset(images);
}

// 0.2 and 0.4 are 51/255 and 102/255.
const std::vector<double> levels{0.2, 0.4, 0.6, 0.8, 1.0};

TEST(RobustAccuracy, is_what_the_distances_say) {
    const auto model = test::brightness_model();
    const auto data = grey(levels);
    const std::vector<double> epsilons{0.31, 0.09, 0, 0.12, 0.8};
    for (const std::string method : {"fgsm", "bim", "mifgsm", "pgd"}) {
        for (const bool early_stop : {true, false}) {
            const AttackOptions options{.method = method};
            auto iterated = options;
            if (method != "fgsm") {
                iterated.relative_alpha = 0.25;
            }
            EXPECT_THAT(robust_accuracy(*model, data, iterated, epsilons,
                                        {.early_stop = early_stop, .inference = {.batch_size = 2}}),
                        ElementsAre(0.4, 1, 1, 0.6, 0))
                << method << early_stop;
        }
    }
}

TEST(RobustAccuracy, stops_early_at_no_more_than_the_full_share) {
    const auto model = test::linear_model();
    auto all = std::make_shared<data::Images>();
    all->name = "formula";
    all->pixels = test::formula_images(40, 3, 8).mul(255).to(at::kByte);
    all->labels = test::predictions(*model, all->pixels.to(at::kFloat) / 255);
    all->class_names.resize(10, "class");
    const data::Dataset data(all);
    for (const std::string method : {"fgsm", "bim", "mifgsm", "pgd", "pgdl2"}) {
        const auto scale = method == "pgdl2" ? 10.0 : 1.0;
        const std::vector<double> epsilons{0.002 * scale, 0.01 * scale, 0.05 * scale};
        const AttackOptions options{.method = method,
                                    .restarts = method.starts_with("pgd") ? 2 : 1};
        const auto early =
            robust_accuracy(*model, data, options, epsilons, {.inference = {.batch_size = 16}});
        const auto full = robust_accuracy(*model, data, options, epsilons,
                                          {.early_stop = false, .inference = {.batch_size = 16}});
        for (size_t i = 0; i < epsilons.size(); ++i) {
            EXPECT_LE(early[i], full[i]) << method;
            EXPECT_GE(early[i], full[i] - 0.05) << method;
        }
        EXPECT_GT(full[0], full[2]) << method;
    }
}

TEST(RobustAccuracy, in_full_is_the_accuracy_on_perturbed_images) {
    const auto model = test::used_model();
    const auto data = test::toy(12, 3);
    const AttackOptions options{.method = "pgd", .epsilon = 0.01, .restarts = 2};
    const auto batch = data.batch(0, 12);
    const auto adversarial = perturb(*model, batch.images, batch.labels, options);
    const model::EvaluationScope evaluation(*model);
    const auto expected = model->forward(adversarial)
                              .argmax(1)
                              .eq(batch.labels)
                              .to(at::kDouble)
                              .mean()
                              .item<double>();
    EXPECT_EQ(robust_accuracy(*model, data, options, {0.01}, {.early_stop = false}).front(),
              expected);
}

/// Images of which a random start of 0.1 fools about half: their brightness is near the border.
data::Dataset near_the_border(int64_t count) {
    auto images = std::make_shared<data::Images>();
    images->name = "border";
    images->pixels = at::full({count, 1, 2, 2}, 0.3F + 1e-4F);
    images->labels = at::ones({count}, at::kLong);
    images->class_names = {"dark", "bright"};
    return data::Dataset(images);
}

TEST(RobustAccuracy, starts_an_image_at_the_same_place_in_every_batch_and_view) {
    const auto model = test::brightness_model();
    const auto data = near_the_border(40);
    // The start alone decides: the step is too small to matter.
    const AttackOptions options{.method = "pgd", .alpha = 1e-9, .steps = 1};
    for (const bool early_stop : {true, false}) {
        const auto count = [&](const data::Dataset& view, int64_t batch_size,
                               const std::vector<double>& epsilons) {
            const auto shares = robust_accuracy(
                *model, view, options, epsilons,
                {.early_stop = early_stop, .inference = {.batch_size = batch_size}});
            return std::lround(shares.back() * static_cast<double>(view.size()));
        };
        const auto whole = count(data, 40, {0.1});
        EXPECT_GT(whole, 5);
        EXPECT_LT(whole, 35);
        for (const int64_t size : {1, 3, 7}) {
            EXPECT_EQ(count(data, size, {0.1}), whole) << size;
        }
        EXPECT_EQ(count(data, 40, {0, 0.1}), whole) << "with another epsilon";
        long one_by_one = 0;
        for (int64_t i = 0; i < 40; ++i) {
            one_by_one += count(data.select(at::full({1}, i, at::kLong)), 1, {0.1});
        }
        EXPECT_EQ(one_by_one, whole) << "in views of one image";
    }
}

TEST(RobustAccuracy, lets_go_of_what_is_fooled) {
    int64_t images_seen = 0;
    test::FunctionModel model(
        at::ones({1}), [&](const at::Tensor& weight, const at::Tensor& images) {
            images_seen += images.size(0);
            const auto brightness = images.mean({1, 2, 3}).sub(0.3).mul(weight);
            return at::stack({brightness.neg(), brightness}, 1);
        });
    std::vector<double> brightness(40, 0.32);
    brightness.resize(50, 0.9);
    const auto data = grey(brightness);
    const AttackOptions options{
        .method = "pgd", .epsilon = 0.1, .alpha = 0.03, .random_start = false};
    EXPECT_EQ(robust_accuracy(model, data, options, {0.1}).front(), 0.2);
    const auto early = images_seen;
    images_seen = 0;
    robust_accuracy(model, data, options, {0.1}, {.early_stop = false});
    EXPECT_EQ(images_seen, 50 * 11);
    // All at first and after the first step, then ten once more for their gradient, and ten a step.
    EXPECT_EQ(early, 50 + 50 + 10 + 10 * 9);
}

TEST(RobustAccuracy, leaves_the_model_as_it_was_and_can_be_stopped) {
    const auto model = test::used_model();
    const test::Untouched before(*model);
    std::vector<double> shares;
    robust_accuracy(*model, test::toy(6, 1), {.method = "bim"}, {0.1},
                    {.inference = {.batch_size = 4},
                     .after_batch = [&](double share) { shares.push_back(share); }});
    EXPECT_THAT(shares, ElementsAre(testing::DoubleEq(4.0 / 6), 1));
    before.expect_same(test::Untouched(*model));
    const auto right = test::brightness_model();
    request_interrupt();
    EXPECT_THROW(robust_accuracy(*right, grey(levels), {}, {0.1}), Interrupted);
    clear_interrupt();
    EXPECT_TRUE(right->is_training());
    EXPECT_TRUE(right->parameters()[0].requires_grad());
}

TEST(RobustAccuracy, says_what_is_wrong) {
    const auto model = test::brightness_model();
    const auto data = grey(levels);
    const auto with = [&](const AttackOptions& options, const std::vector<double>& epsilons,
                          int64_t batch_size = 10) {
        return error_of([&] {
            robust_accuracy(*model, data, options, epsilons,
                            {.inference = {.batch_size = batch_size}});
        });
    };
    EXPECT_THAT(with({}, {}), HasSubstr("expected at least one epsilon, got none"));
    EXPECT_THAT(with({}, {0.1, -1}), HasSubstr("epsilon must be a finite number >= 0, got -1"));
    EXPECT_THAT(with({}, {0.1}, 0), HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(with({.targeted = true}, {0.1}), HasSubstr("untargeted"));
    EXPECT_THAT(error_of([&] { robust_accuracy(*model, test::toy(9, 0).high_pass(1), {}, {0.1}); }),
                HasSubstr("images must have pixels in [0,1]"));
}

TEST(SmallestEpsilon, is_the_distance_to_the_border) {
    const auto model = test::brightness_model();
    auto batch = grey(levels).batch(0, 5);
    batch.labels[0] = 1;  // wrong to begin with
    for (const std::string method : {"fgsm", "bim", "pgd"}) {
        const auto found = smallest_epsilon(*model, batch.images, batch.labels, {.method = method},
                                            {.max_epsilon = 0.6});
        ASSERT_EQ(found.scalar_type(), at::kDouble);
        const std::vector<double> expected{0, 0.1, 0.3, 0.5,
                                           std::numeric_limits<double>::infinity()};
        for (int64_t i = 0; i < 5; ++i) {
            const auto value = found[i].item<double>();
            if (std::isfinite(expected[i]) && i > 0) {
                EXPECT_GE(value, expected[i] - 1e-6) << method;
                EXPECT_LE(value, expected[i] + 0.6 / 1000) << method;
            } else {
                EXPECT_EQ(value, expected[i]) << method;
            }
        }
    }
}

TEST(SmallestEpsilon, is_the_same_for_an_image_in_every_batch) {
    const auto model = test::brightness_model();
    const auto batch = near_the_border(21).batch(0, 21);
    const AttackOptions options{.method = "pgd", .relative_alpha = 1e-9, .steps = 1};
    const auto whole = smallest_epsilon(*model, batch.images, batch.labels, options);
    EXPECT_GT(std::get<0>(at::_unique(whole)).numel(), 3) << "else the test could not fail";
    for (const int64_t size : {1, 3, 7}) {
        for (int64_t begin = 0; begin < 21; begin += size) {
            const auto rows = at::arange(begin, begin + size);
            const auto some = smallest_epsilon(*model, batch.images.slice(0, begin, begin + size),
                                               batch.labels.slice(0, begin, begin + size), options,
                                               {.samples = rows});
            EXPECT_TRUE(some.equal(whole.index_select(0, rows))) << size << " from " << begin;
        }
    }
}

TEST(SmallestEpsilon, measures_l2_in_l2) {
    const auto model = test::brightness_model();
    const auto batch = grey(levels).batch(1, 3);
    const auto found = smallest_epsilon(*model, batch.images, batch.labels,
                                        {.method = "pgdl2", .random_start = false},
                                        {.max_epsilon = 5, .bisections = 14});
    const auto pixels = std::sqrt(3 * 4 * 4.0);
    EXPECT_NEAR(found[0].item<double>(), 0.1 * pixels, 2e-3);
    EXPECT_NEAR(found[1].item<double>(), 0.3 * pixels, 2e-3);
}

TEST(SmallestEpsilon, says_what_is_wrong) {
    const auto model = test::brightness_model();
    const auto batch = grey(levels).batch(0, 5);
    EXPECT_THAT(error_of([&] {
                    smallest_epsilon(*model, batch.images, batch.labels, {}, {.max_epsilon = 0});
                }),
                HasSubstr("max_epsilon must be a finite number above 0, got 0"));
    EXPECT_THAT(error_of([&] {
                    smallest_epsilon(*model, batch.images, batch.labels, {}, {.bisections = -1});
                }),
                HasSubstr("bisections must be >= 0, got -1"));
    EXPECT_EQ(smallest_epsilon(*model, at::zeros({0, 3, 4, 4}), at::zeros({0}, at::kLong)).numel(),
              0);
}

}  // namespace
}  // namespace hfc::attack
