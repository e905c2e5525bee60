// Images with another range of pixels, and given starts.
#include "attack/method.h"
#include "attack/support.h"
#include "train/adversarial.h"
#include "train/resume.h"

#include <cmath>

namespace hfc::attack {
namespace {

using test::error_of;
using testing::HasSubstr;

constexpr auto infinity = std::numeric_limits<double>::infinity();

TEST(Range, lets_filtered_views_be_attacked) {
    const auto model = test::used_model();
    const auto data = test::toy(9, 0);
    for (const auto& view : {data.high_pass(1), data.low_pass(2)}) {
        for (const auto& method : known_methods()) {
            auto options = test::few_steps(method);
            // The pixels of cw are arc tangents of a range with two ends; deepfool leaves images
            // alone that are wrong, as these are.
            if (method == "cw" || method == "deepfool") {
                continue;
            }
            options.epsilon = 0.1;
            options.range = no_range();
            const auto batch = view.batch(0, 9);
            const auto adversarial = perturb(*model, batch.images, batch.labels, options);
            const auto change = (adversarial.to(at::kDouble) - batch.images.to(at::kDouble));
            EXPECT_GT(change.abs().max().item<double>(), 1e-3) << method;
            const auto l2 = resolve(options).norm == Norm::l2;
            const auto size = l2 ? change.flatten(1).norm(2, 1).max() : change.abs().max();
            EXPECT_LE(size.item<double>(), 0.1) << method;
            EXPECT_LE(robust_accuracy(*model, view, options, {0.1}).front(), 1);
            EXPECT_EQ(smallest_epsilon(*model, batch.images, batch.labels, options).numel(), 9);
        }
    }
}

TEST(Range, bounds_the_result) {
    const auto model = test::brightness_model();
    const auto images = test::formula_images(4, 3, 8) * 4 - 2;
    for (const auto& method : known_methods()) {
        auto options = test::few_steps(method);
        options.epsilon = 5;
        options.range = {.lowest = -2, .highest = 2.1};
        const auto adversarial = perturb(*model, images, at::ones({4}, at::kLong), options);
        EXPECT_GE(adversarial.min().item<float>(), -2) << method;
        EXPECT_LE(adversarial.max().item<float>(), 2.1F) << method;
    }
    const auto far = perturb(*model, images, at::ones({4}, at::kLong),
                             {.method = "fgsm", .epsilon = 5, .range = {-infinity, 2}});
    EXPECT_LT(far.min().item<float>(), -6) << "one bound alone";
}

TEST(Range, must_hold_the_images) {
    const auto model = test::brightness_model();
    const auto with = [&](const at::Tensor& images, const Range& range) {
        return error_of(
            [&] { perturb(*model, images, at::zeros({2}, at::kLong), {.range = range}); });
    };
    const auto images = at::full({2, 3, 4, 4}, 0.5);
    EXPECT_THAT(with(images - 1, {}),
                testing::AllOf(HasSubstr("images must have pixels in [0,1], got -0.5 to -0.5"),
                               HasSubstr("the attack's option 'range'"), HasSubstr("\"none\"")));
    EXPECT_THAT(with(images, {0.6, 1}), HasSubstr("pixels in [0.6,1], got 0.5 to 0.5"));
    EXPECT_EQ(with(images * 2 * 0.7F, {0, 0.7}), "") << "0.7 as float32 is not 0.7";
    for (const double wrong : {infinity, -infinity, std::nan("")}) {
        EXPECT_NE(with(at::full({2, 3, 4, 4}, wrong), no_range()), "") << wrong;
    }
    EXPECT_THAT(with(at::full({2, 3, 4, 4}, infinity), no_range()), HasSubstr("finite pixels"));
    EXPECT_THAT(with(images, {1, 0}),
                HasSubstr("'range' must be two ascending numbers (the lowest"));
    EXPECT_THAT(with(images, {0, 0}), HasSubstr("'range' must be"));
    EXPECT_THAT(with(images, {0, std::nan("")}), HasSubstr("'range' must be"));
}

TEST(Start, is_where_the_attack_starts) {
    const auto model = test::linear_model();
    const auto images = test::formula_images(5, 3, 8) * 0.5 + 0.25;
    const auto labels = test::predictions(*model, images);
    const auto start = (test::formula_images(5, 3, 8) - 0.5) * 0.02;
    for (const std::string method : {"pgd", "pgdl2"}) {
        const AttackOptions options{
            .method = method, .epsilon = 0.5, .alpha = 1e-9, .steps = 1, .start = start};
        EXPECT_LT(test::distance(perturb(*model, images, labels, options), images + start), 1e-6);
        auto one = options;
        one.start = start.slice(0, 0, 1);
        EXPECT_LT(test::distance(perturb(*model, images, labels, one), images + one.start), 1e-6);
        auto small = options;
        small.epsilon = 0.001;
        const auto change = (perturb(*model, images, labels, small) - images).flatten(1);
        const auto size = method == "pgd" ? change.abs().max() : change.norm(2, 1).max();
        EXPECT_LE(size.item<double>(), 0.001 + 1e-7) << "projected";
    }
}

TEST(Start, belongs_to_the_images_of_a_data_set) {
    const auto model = test::brightness_model();
    // The starts decide, the steps are too small to matter: only those of the last two images fool.
    auto images = std::make_shared<data::Images>();
    images->name = "bright";
    images->pixels = at::full({7, 3, 4, 4}, 0.35F);
    images->labels = at::ones({7}, at::kLong);
    images->class_names = {"dark", "bright"};
    const data::Dataset data(images);
    auto start = at::zeros({7, 3, 4, 4});
    start.slice(0, 5).fill_(-0.1);
    const AttackOptions options{.method = "pgd", .alpha = 1e-9, .steps = 1, .start = start};
    for (const bool early_stop : {true, false}) {
        for (const int64_t size : {1, 3, 7}) {
            EXPECT_DOUBLE_EQ(
                robust_accuracy(*model, data, options, {0.1},
                                {.early_stop = early_stop, .inference = {.batch_size = size}})
                    .front(),
                5.0 / 7);
        }
    }
    const auto batch = data.batch(0, 7);
    const auto smallest = smallest_epsilon(*model, batch.images, batch.labels, options);
    EXPECT_TRUE(smallest.isinf().sum().item<int64_t>() == 5) << smallest;
    EXPECT_NEAR(smallest[6].item<double>(), 0.05, 2e-3);
}

TEST(Start, says_what_is_wrong) {
    const auto model = test::used_model();
    const auto images = test::formula_images(3, 3, 8);
    const auto with = [&](const AttackOptions& options) {
        return error_of([&] { perturb(*model, images, at::arange(3), options); });
    };
    EXPECT_THAT(
        with({.start = at::zeros({2, 3, 8, 8})}),
        HasSubstr("'start' must contain 1 perturbation or 3 (one per image), each of shape [3, "
                  "8, 8], got [2, 3, 8, 8]"));
    EXPECT_THAT(with({.start = at::zeros({3, 3, 4, 8})}), HasSubstr("of shape [3, 8, 8]"));
    EXPECT_THAT(with({.start = at::zeros({3, 8, 8})}), HasSubstr("must be a float32 tensor"));
    EXPECT_THAT(with({.start = at::zeros({3, 3, 8, 8}, at::kDouble)}), HasSubstr("got float64"));
    EXPECT_THAT(with({.start = at::full({3, 3, 8, 8}, infinity)}), HasSubstr("finite numbers"));
    EXPECT_THAT(with({.random_start = true, .start = at::zeros({3, 3, 8, 8})}),
                HasSubstr("'start' and 'random_start' are mutually exclusive"));
    EXPECT_THAT(with({.restarts = 2, .start = at::zeros({3, 3, 8, 8})}),
                HasSubstr("2 restarts without a random start"));
    EXPECT_THAT(
        with({.method = "bim", .start = at::zeros({3, 3, 8, 8})}),
        HasSubstr("bim has no option 'start'; the methods with this option are pgd, pgdl2"));
}

TEST(Options, have_names) {
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        EXPECT_EQ(parse_norm(name_of(norm)), norm);
    }
    for (const auto loss : {Loss::cross_entropy, Loss::margin}) {
        EXPECT_EQ(parse_loss(name_of(loss)), loss);
    }
    for (const auto keep : {Keep::last, Keep::best}) {
        EXPECT_EQ(parse_keep(name_of(keep)), keep);
    }
    EXPECT_THAT(error_of([] { parse_norm("l1"); }),
                HasSubstr("norm must be \"linf\" or \"l2\", got \"l1\""));
    EXPECT_THAT(error_of([] { parse_keep(""); }),
                HasSubstr("keep must be \"last\" or \"best\", got \"\""));
}

TEST(Identity, differs_where_the_images_may_differ) {
    const auto of = [](const AttackOptions& options) { return identity_of(resolve(options)); };
    EXPECT_EQ(of({}), "");
    EXPECT_EQ(of({.method = "mifgsm", .epsilon = 0.1, .loss = Loss::margin}), "");
    const auto custom = [](const std::string& fingerprint) {
        Method method;
        method.name = "custom";
        method.fingerprint = fingerprint;
        return std::make_shared<const Method>(method);
    };
    std::vector<std::string> all = {
        "",
        of({.range = no_range()}),
        of({.range = {0, 2}}),
        of({.keep = Keep::best}),
        of({.start = at::zeros({1, 3, 8, 8})}),
        of({.start = at::ones({1, 3, 8, 8})}),
        of({.custom = custom("a")}),
        of({.custom = custom("b")}),
    };
    std::ranges::sort(all);
    EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
    const auto training = [](const AttackOptions& attack) {
        train::TrainOptions options;
        options.objective = train::make_adversarial(train::make_objective("cross_entropy"), attack);
        return train::describe(test::toy(3, 0), options);
    };
    EXPECT_EQ(training({.method = "mifgsm"}),
              training({.method = "mifgsm", .numbers = {{"decay", 1}}}));
    EXPECT_NE(training({.method = "mifgsm"}),
              training({.method = "mifgsm", .numbers = {{"decay", 0.5}}}));
    EXPECT_NE(training({.custom = custom("a")}), training({.custom = custom("b")}));
    EXPECT_NE(training({}), training({.range = no_range()}));
}

}  // namespace
}  // namespace hfc::attack
