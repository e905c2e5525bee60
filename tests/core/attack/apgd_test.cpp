// APGD and FFGSM beside the published implementations, which tests/fixtures/make_auto_attack.py
// ran in double precision.
#include "attack/losses.h"
#include "attack/settings.h"
#include "attack/smooth.h"
#include "attack/support.h"
#include "base/error.h"

namespace hfc::attack {
namespace {

using test::error_of;
using testing::HasSubstr;

struct PublishedCase {
    std::string name;
    Norm norm = Norm::l_infinity;
    Loss loss = Loss::cross_entropy;
    double targets = 0;
};

class Published : public testing::TestWithParam<PublishedCase> {
  protected:
    const test::SmoothProblem problem_;
    const std::string name_ = "apgd " + GetParam().name;

    AttackOptions options(int64_t steps) const {
        const auto& given = GetParam();
        const bool l2 = given.norm == Norm::l2;
        const std::vector<int64_t> dims = {1, 2, 3};
        const auto size = l2 ? at::linalg_vector_norm(problem_.noise, 2, dims, true)
                             : problem_.noise.abs().amax(dims, true);
        const double epsilon = l2 ? 0.08 : 2.0 / 255;
        return {.method = "apgd",
                .epsilon = epsilon,
                .norm = given.norm,
                .steps = steps,
                .loss = given.loss,
                .start = problem_.noise / size * epsilon,
                .numbers = {{"targets", given.targets}}};
    }
};

TEST_P(Published, gives_the_same_images_after_10_steps) {
    const auto found = perturb(*problem_.model, problem_.images, problem_.labels, options(10));
    const auto stable = test::auto_fixture(name_ + " stable").nonzero().squeeze(1);
    ASSERT_GE(stable.numel(), 8);
    const auto difference =
        (found - test::auto_fixture(name_)).index_select(0, stable).abs().amax({1, 2, 3});
    // The authors' images were made with AVX-512; with AVX2, one of them differs by 2e-5.
    EXPECT_LE(difference.gt(2e-6).sum().item<int64_t>(), 1);
    EXPECT_LE(difference.max().item<double>(), 5e-5);
}

TEST_P(Published, fools_the_same_images_after_100_steps) {
    const auto found = perturb(*problem_.model, problem_.images, problem_.labels, options(100));
    const auto right = test::predictions(*problem_.model, found).eq(problem_.labels);
    EXPECT_TRUE(right.equal(test::auto_fixture(name_ + " right")));
    EXPECT_GT(right.sum().item<int64_t>(), 1) << "else the test could not fail";
    EXPECT_EQ(
        robust_accuracy(*problem_.model, problem_.dataset(), options(100), {*options(100).epsilon}),
        std::vector{right.to(at::kDouble).mean().item<double>()});
}

TEST_P(Published, reaches_the_same_loss_after_100_steps) {
    if (GetParam().targets > 0) {
        GTEST_SKIP() << "keep = best takes the untargeted loss";
    }
    const auto found = perturb(*problem_.model, problem_.images, problem_.labels, options(100));
    const auto clean = found.eq(problem_.images).flatten(1).all(1);
    auto kept = perturb(*problem_.model, problem_.images, problem_.labels, [&] {
        auto with_best = options(100);
        with_best.keep = Keep::best;
        return with_best;
    }());
    const auto losses =
        untargeted_losses(GetParam().loss, problem_.model->forward(kept), problem_.labels);
    const auto expected = test::auto_fixture(name_ + " loss");
    // Of an image that is fooled, "best" keeps the first wrong point.
    const auto difference =
        (losses / expected - 1).abs().index_select(0, clean.nonzero().squeeze(1));
    EXPECT_LT(difference.max().item<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Apgd, Published,
    testing::Values(PublishedCase{"Linf ce"},
                    PublishedCase{"Linf dlr", Norm::l_infinity, Loss::dlr},
                    PublishedCase{"Linf dlr-targeted", Norm::l_infinity, Loss::dlr, 1},
                    PublishedCase{"L2 ce", Norm::l2}, PublishedCase{"L2 dlr", Norm::l2, Loss::dlr},
                    PublishedCase{"L2 dlr-targeted", Norm::l2, Loss::dlr, 1}),
    [](const auto& instance) {
        auto name = instance.param.name;
        std::ranges::replace(name, ' ', '_');
        std::ranges::replace(name, '-', '_');
        return name;
    });

TEST(Ffgsm, gives_the_images_of_torchattacks) {
    const test::SmoothProblem problem;
    const auto found = perturb(*problem.model, problem.images, problem.labels,
                               {.method = "ffgsm", .start = problem.noise * (8.0 / 255)});
    EXPECT_LE(test::distance(found, test::auto_fixture("ffgsm")), 1e-6);
}

TEST(Dlr, is_finite_where_logits_are_equal) {
    const auto constant = std::make_shared<test::FunctionModel>(
        at::zeros({10, 192}), [](const at::Tensor& weight, const at::Tensor& images) {
            return at::linear(images.flatten(1), weight) + 0 * images.sum();
        });
    const auto nearly = std::make_shared<test::FunctionModel>(
        at::zeros({10, 192}), [](const at::Tensor&, const at::Tensor& images) {
            return images.flatten(1).slice(1, 0, 10) * 1e-7 + 1;
        });
    const auto images = test::formula_images(3, 3, 8);
    const std::vector<model::ModelPtr> models = {constant, nearly};
    for (const auto& network : models) {
        for (const auto norm : {Norm::l_infinity, Norm::l2}) {
            for (const double targets : {0.0, 3.0}) {
                const auto found = perturb(*network, images, at::zeros({3}, at::kLong),
                                           {.method = "apgd",
                                            .norm = norm,
                                            .steps = 5,
                                            .loss = Loss::dlr,
                                            .keep = Keep::best,
                                            .numbers = {{"targets", targets}}});
                EXPECT_TRUE(found.isfinite().all().item<bool>());
            }
        }
    }
}

TEST(Apgd, names_what_is_wrong_with_its_options) {
    const auto wrong = [](AttackOptions options) {
        options.method = options.method == "pgd" ? "apgd" : options.method;
        return error_of([&] { resolve(options); });
    };
    EXPECT_THAT(wrong({.numbers = {{"rho", 0}}}),
                HasSubstr("rho must be a finite number above 0 and at most 1, got 0"));
    EXPECT_THAT(wrong({.numbers = {{"rho", 1.5}}}), HasSubstr("at most 1, got 1.5"));
    EXPECT_THAT(wrong({.numbers = {{"passes", 0}}}),
                HasSubstr("passes must be an integer >= 1, got 0"));
    EXPECT_THAT(wrong({.numbers = {{"targets", 1.5}}}), HasSubstr("an integer"));
    EXPECT_THAT(wrong({.steps = 0}), HasSubstr("steps must be at least 1, got 0"));
    EXPECT_THAT(wrong({.restarts = 0}), HasSubstr("restarts must be at least 1, got 0"));
    EXPECT_THAT(wrong({.alpha = 0.1}), HasSubstr("does not accept alpha"));
    EXPECT_THAT(wrong({.targeted = true, .numbers = {{"targets", 2}}}),
                HasSubstr("mutually exclusive"));
    EXPECT_THAT(wrong({.method = "bim", .norm = Norm::l2}),
                HasSubstr("bim supports only the norm linf"));
    EXPECT_THAT(wrong({.method = "ffgsm", .steps = 3}), HasSubstr("ffgsm takes a single step"));
    EXPECT_THAT(wrong({.band = Band{.dct = 1.5}}), HasSubstr("at most 1, got 1.5"));
}

TEST(Apgd, needs_classes_for_its_loss_and_targets) {
    const auto images = test::formula_images(2, 3, 8);
    const auto labels = at::zeros({2}, at::kLong);
    const auto wrong = [&](int64_t classes, Loss loss, double targets) {
        const auto model = std::make_shared<test::FunctionModel>(
            at::ones({classes, 192}), [](const at::Tensor& weight, const at::Tensor& x) {
                return at::linear(x.flatten(1), weight);
            });
        return error_of([&] {
            perturb(
                *model, images, labels,
                {.method = "apgd", .steps = 1, .loss = loss, .numbers = {{"targets", targets}}});
        });
    };
    EXPECT_THAT(wrong(2, Loss::dlr, 0),
                HasSubstr("requires at least 3 classes, but the model has 2"));
    EXPECT_THAT(wrong(3, Loss::dlr, 1),
                HasSubstr("with targets requires at least 4 classes, but the model has 3"));
    EXPECT_THAT(
        wrong(3, Loss::cross_entropy, 3),
        HasSubstr("targets must be at most 2 (the model's number of classes minus one), got 3"));
}

TEST(DctBand, keeps_the_perturbation_to_the_lowest_coefficients) {
    const test::SmoothProblem problem;
    for (const auto& method : {"apgd", "pgd", "ffgsm"}) {
        AttackOptions options{.method = method, .epsilon = 0.05, .band = Band{.dct = 0.25}};
        options.range = no_range();
        options.keep = Keep::best;
        const auto change =
            perturb(*problem.model, problem.images, problem.labels, options) - problem.images;
        // Two of eight coefficients: the cosines of 0 and of half a period.
        const auto basis = at::stack(
            {at::ones({8}) / std::sqrt(8.0), (at::arange(8) + 0.5).mul(M_PI / 8).cos() / 2});
        const auto low = basis.t().matmul(basis);
        EXPECT_LT(test::distance(low.matmul(change).matmul(low), change), 1e-6) << method;
        EXPECT_GT(change.abs().max().item<double>(), 0.02) << method;
    }
}

}  // namespace
}  // namespace hfc::attack
