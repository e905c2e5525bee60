// Several attacks one after the other.
#include "attack/robustness.h"
#include "attack/checks.h"
#include "attack/smooth.h"
#include "attack/support.h"
#include "base/error.h"

#include <torch/csrc/autograd/autograd.h>

namespace hfc::attack {
namespace {

using test::error_of;
using testing::HasSubstr;

AttackOptions of_version(const std::string& version, double epsilon, Norm norm) {
    return {.epsilon = epsilon,
            .norm = norm,
            .sequence = std::make_shared<const Sequence>(Sequence{version, {}})};
}

std::vector<std::string> names_of(const std::string& version, int64_t classes,
                                  std::vector<std::string>& notes) {
    std::vector<std::string> names;
    for (const auto& step : steps_of(of_version(version, 0.03, Norm::l2), classes, notes)) {
        names.push_back(fmt::format("{} x{}", name_of_step(step), step.restarts));
    }
    return names;
}

TEST(Sequence, has_the_published_versions) {
    using testing::ElementsAre;
    std::vector<std::string> notes;
    EXPECT_THAT(names_of("standard", 10, notes),
                ElementsAre("apgd cross_entropy x1", "apgd dlr, 9 targets x1", "fab, 9 targets x1",
                            "square x1"));
    EXPECT_THAT(names_of("plus", 10, notes),
                ElementsAre("apgd cross_entropy x5", "apgd dlr x5", "fab x5", "square x1",
                            "apgd dlr, 9 targets x1", "fab, 9 targets x1"));
    EXPECT_THAT(names_of("rand", 10, notes), ElementsAre("apgd cross_entropy x1", "apgd dlr x1"));
    EXPECT_THAT(notes, ElementsAre());
    EXPECT_THAT(names_of("standard", 3, notes),
                ElementsAre("apgd cross_entropy x1", "apgd margin, 2 targets x1",
                            "fab, 2 targets x1", "square x1"));
    EXPECT_THAT(notes, ElementsAre("with 3 classes, the number of targets is 2 instead of 9",
                                   "with 3 classes, the loss is margin instead of dlr"));
    EXPECT_THAT(error_of([&] { names_of("full", 10, notes); }),
                HasSubstr("version must be \"standard\", \"plus\", \"rand\" or a list"));
}

TEST(Robustness, is_the_worst_of_its_steps) {
    const test::SmoothProblem problem;
    const auto data = problem.dataset();
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        const double epsilon = norm == Norm::l2 ? 0.1 : 1.5 / 255;
        std::vector<AttackOptions> steps = {
            {.method = "apgd", .norm = norm, .steps = 3},
            {.method = "apgd",
             .norm = norm,
             .steps = 20,
             .loss = Loss::dlr,
             .numbers = {{"targets", 3}}},
            {.method = "fab", .norm = norm, .steps = 20},
            {.method = "square", .norm = norm, .numbers = {{"queries", 50}}}};
        double least = 1;
        for (auto& step : steps) {
            step.epsilon = epsilon;
            least = std::min(least, robust_accuracy(*problem.model, data, step, {epsilon})[0]);
        }
        const AttackOptions all{.epsilon = epsilon,
                                .norm = norm,
                                .sequence = std::make_shared<const Sequence>(Sequence{"", steps})};
        const auto found = robustness(*problem.model, data, all);
        EXPECT_EQ(found.clean, 1);
        EXPECT_LE(found.robust, least);
        EXPECT_GT(found.robust, 0) << "else the test could not fail";
        EXPECT_LT(found.robust, 1);
        ASSERT_EQ(found.steps.size(), 4U);
        EXPECT_EQ(found.steps.back().robust, found.robust);
        // What each image was fooled by, and by which pixels.
        const auto wrong = test::predictions(*problem.model, found.images).ne(problem.labels);
        EXPECT_TRUE(wrong.equal(found.fooled_by.ne(0)));
        const auto change = (found.images.to(at::kDouble) - problem.images.to(at::kDouble));
        const auto order = norm == Norm::l2 ? 2.0 : std::numeric_limits<double>::infinity();
        EXPECT_LE(
            at::linalg_vector_norm(change, order, at::IntArrayRef{1, 2, 3}).max().item<double>(),
            epsilon);
        EXPECT_EQ(robust_accuracy(*problem.model, data, all, {epsilon})[0], found.robust);
        EXPECT_TRUE(
            perturb(*problem.model, problem.images, problem.labels, all).equal(found.images));
        for (const int64_t size : {1, 7}) {
            const auto other =
                robustness(*problem.model, data, all, {.inference = {.batch_size = size}});
            EXPECT_TRUE(other.fooled_by.equal(found.fooled_by)) << size;
            EXPECT_LE(test::distance(other.images, found.images), 1e-5) << size;
        }
    }
}

TEST(Robustness, never_rises_with_epsilon) {
    const test::SmoothProblem problem;
    double before = 1;
    for (const double epsilon : {1.0 / 255, 3.0 / 255}) {
        auto standard = of_version("standard", epsilon, Norm::l_infinity);
        const auto now = robust_accuracy(*problem.model, problem.dataset(), standard, {epsilon})[0];
        EXPECT_LE(now, before) << epsilon;
        before = now;
    }
    EXPECT_LT(before, 1);
}

TEST(Robustness, of_the_standard_version_is_that_of_the_published_code) {
    const test::SmoothProblem problem(200);
    const auto expected =
        test::auto_fixture("standard right").to(at::kDouble).mean().item<double>() / 200;
    const auto found = robustness(*problem.model, problem.dataset(),
                                  of_version("standard", 2.0 / 255, Norm::l_infinity));
    EXPECT_NEAR(found.robust, expected, 0.01);
    EXPECT_GT(found.robust, 0.3);
    EXPECT_LT(found.robust, 0.7);
}

TEST(Robustness, says_where_an_image_was_wrong_from_the_start) {
    const test::SmoothProblem problem;
    const auto labels = problem.labels.clone();
    labels[3] = (labels[3].item<int64_t>() + 1) % 10;
    const auto data = data::dataset_of(problem.images, labels);
    const auto found = robustness(*problem.model, data, {.method = "fgsm", .epsilon = 0});
    EXPECT_EQ(found.fooled_by[3].item<int64_t>(), -1);
    EXPECT_EQ(found.fooled_by.eq(0).sum().item<int64_t>(), 11);
    EXPECT_NEAR(found.clean, 11.0 / 12, 1e-12);
}

std::vector<std::string> warnings_of(const model::ModelPtr& model, const data::Dataset& data,
                                     double epsilon = 2.0 / 255) {
    std::vector<std::string> names;
    for (const auto& check : check_network(*model, data, {.epsilon = epsilon}, {})) {
        if (check.warns()) {
            names.push_back(check.name);
        }
    }
    return names;
}

/// The network of the problem behind a change of its images and logits.
model::ModelPtr changed(const test::SmoothProblem& problem,
                        std::function<at::Tensor(const at::Tensor&)> before,
                        std::function<at::Tensor(const at::Tensor&)> after) {
    return std::make_shared<test::FunctionModel>(
        at::ones({1}),
        [model = problem.model, before, after](const at::Tensor&, const at::Tensor& images) {
            return after(model->forward(before(images)));
        });
}

at::Tensor same(const at::Tensor& x) {
    return x;
}

TEST(Checks, warn_of_masked_gradients) {
    using testing::Contains;
    const test::SmoothProblem problem;
    const auto data = problem.dataset();
    EXPECT_THAT(warnings_of(problem.model, data), testing::IsEmpty());
    // The label is the third class: DLR is constant there, and that is no fault of the network.
    const auto third = std::get<1>(problem.model->forward(problem.images).topk(3, 1)).select(1, 2);
    auto labels = problem.labels.clone();
    labels[0] = third[0];
    EXPECT_THAT(warnings_of(problem.model, data::dataset_of(problem.images, labels)),
                testing::IsEmpty());
    const auto large = changed(problem, same, [](const at::Tensor& z) { return z * 1e4; });
    EXPECT_THAT(warnings_of(large, data), Contains("zero gradient"));
    const auto rounded = changed(
        problem, [](const at::Tensor& x) { return (x * 255).round() / 255; }, same);
    EXPECT_THAT(warnings_of(rounded, data), Contains("zero gradient"));
    auto generator = make_generator(1, "shift");
    const auto shifted = changed(
        problem,
        [generator](const at::Tensor& x) {
            const auto by = at::randint(0, 8, {1}, generator, at::kLong).item<int64_t>();
            return x.roll(by, 3);
        },
        same);
    EXPECT_THAT(warnings_of(shifted, data), Contains("randomised"));
    const auto normalised =
        changed(problem, same, [](const at::Tensor& z) { return z.softmax(1); });
    EXPECT_THAT(warnings_of(normalised, data), Contains("probabilities"));
    const auto purified = changed(
        problem,
        [](const at::Tensor& x) {
            const at::AutoGradMode with_gradient(true);
            const auto leaf = x.detach().requires_grad_(true);
            const auto gradient = torch::autograd::grad({leaf.pow(3).sum()}, {leaf}).front();
            return x - 1e-3 * gradient;
        },
        same);
    EXPECT_THAT(warnings_of(purified, data), Contains("gradients inside"));
}

TEST(Checks, warn_where_the_black_box_wins) {
    Robustness found;
    found.clean = 0.9;
    found.steps = {{"apgd cross_entropy", 0.5, 1}, {"square", 0.4, 1}};
    found.notes = {"with 3 classes, the number of targets is 2 instead of 9"};
    const auto checks = check_steps(found);
    ASSERT_EQ(checks.size(), 2U);
    EXPECT_EQ(checks[0].name, "black box wins");
    EXPECT_NEAR(checks[0].value, 0.1, 1e-12);
    EXPECT_TRUE(checks[0].warns());
    EXPECT_EQ(checks[1].name, "too few classes");
    EXPECT_TRUE(checks[1].warns());
    found.steps[1].robust = 0.499;
    found.notes.clear();
    EXPECT_FALSE(check_steps(found).at(0).warns());
}

TEST(Checks, warn_of_an_attack_that_has_not_converged) {
    const test::SmoothProblem problem;
    const auto of_alpha = [&](double alpha) {
        const AttackOptions pgd{.method = "pgd",
                                .epsilon = 2.0 / 255,
                                .alpha = alpha,
                                .steps = 20,
                                .random_start = false};
        for (const auto& check : check_network(*problem.model, problem.dataset(), pgd, {})) {
            if (check.name == "not converged") {
                return check;
            }
        }
        return Check{};
    };
    const auto slow = of_alpha(0.05 / 255);
    EXPECT_TRUE(slow.warns()) << slow.value;
    EXPECT_EQ(slow.limit, 0.2);
    EXPECT_THAT(slow.text, HasSubstr("pgd"));
    const auto fast = of_alpha(1.0 / 255);
    EXPECT_EQ(fast.value, 0);
    EXPECT_EQ(fast.limit, 0.2);
}

TEST(Checks, warn_where_another_network_fools_what_the_attack_does_not) {
    const test::SmoothProblem problem;
    const auto data = problem.dataset();
    const auto rounded = changed(
        problem, [](const at::Tensor& x) { return (x * 255).round() / 255; }, same);
    const AttackOptions attack{.method = "pgd", .epsilon = 4.0 / 255, .random_start = false};
    const auto found = robustness(*rounded, data, attack);
    ASSERT_EQ(found.robust, 1);
    const auto masked = check_transfer(*rounded, *problem.model, data, found, attack, {});
    ASSERT_EQ(masked.size(), 1U);
    EXPECT_EQ(masked[0].name, "black box wins");
    EXPECT_GT(masked[0].value, 0.3);
    EXPECT_TRUE(masked[0].warns());
    const auto open = robustness(*problem.model, data, attack);
    EXPECT_FALSE(check_transfer(*problem.model, *problem.model, data, open, attack, {})[0].warns());
}

}  // namespace
}  // namespace hfc::attack
