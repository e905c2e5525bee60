// FAB and Square beside the published implementations: see tests/fixtures/make_auto_attack.py.
#include "attack/plane.h"
#include "attack/settings.h"
#include "attack/smooth.h"
#include "attack/support.h"
#include "base/error.h"

namespace hfc::attack {
namespace {

using test::error_of;
using testing::HasSubstr;

/// By bisection on the length: what each coordinate moves along its normal until the box ends.
at::Tensor by_bisection(const at::Tensor& point, const at::Tensor& normal, double offset,
                        Norm norm) {
    const double gap = offset - (normal * point).sum().item<double>();
    const auto w = gap < 0 ? -normal : normal;
    const auto room = at::where(w.gt(0), 1 - point, point);
    const auto moved = [&](double length) {
        const auto speed = norm == Norm::l2 ? w.abs() : at::ones_like(w);
        return w.sign() * at::minimum(speed * length, room);
    };
    double low = 0;
    double high = 1e6;
    for (int i = 0; i < 200; ++i) {
        const double middle = (low + high) / 2;
        ((w * moved(middle)).sum().item<double>() < std::abs(gap) ? low : high) = middle;
    }
    return moved(high);
}

TEST(MoveToPlane, is_the_shortest_move_inside_the_box) {
    constexpr int64_t count = 1000;
    constexpr int64_t size = 24;
    auto points = test::formula_values(count * size, 1).reshape({count, size});
    points.slice(1, 0, 2).round_();  // some at the border
    auto normals = test::formula_values(count * size, 2).reshape({count, size}) - 0.5;
    normals.slice(1, 4, 6).zero_();
    // A fifth of the planes lies out of reach.
    const auto offsets = (normals * points).sum(1) + (test::formula_values(count, 3) - 0.5) * 8;
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        const auto moves = move_to_plane(points, normals, offsets, norm, {});
        EXPECT_LE((points + moves).max().item<double>(), 1 + 1e-12);
        EXPECT_GE((points + moves).min().item<double>(), -1e-12);
        int64_t reached = 0;
        for (int64_t i = 0; i < count; ++i) {
            const auto expected =
                by_bisection(points[i], normals[i], offsets[i].item<double>(), norm);
            EXPECT_LE(test::distance(moves[i], expected), 1e-6) << i;
            const auto off = (normals[i] * (points[i] + moves[i])).sum() - offsets[i];
            reached += off.abs().item<double>() < 1e-5 ? 1 : 0;
        }
        EXPECT_GT(reached, 500);
        EXPECT_LT(reached, 1000) << "else no plane was out of reach";
    }
}

TEST(Fab, finds_the_published_images) {
    const test::SmoothProblem problem;
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        for (const bool targeted : {false, true}) {
            const auto name = fmt::format("fab {}{}", norm == Norm::l2 ? "L2" : "Linf",
                                          targeted ? " targeted" : "");
            const AttackOptions options{.method = "fab",
                                        .epsilon = 1,
                                        .norm = norm,
                                        .steps = 10,
                                        .numbers = {{"targets", targeted ? 1 : 0}}};
            const auto found = perturb(*problem.model, problem.images, problem.labels, options);
            const auto expected = test::auto_fixture(name);
            EXPECT_LE(test::distance(found, expected), 1e-5) << name;
            EXPECT_GT(test::distance(found, problem.images), 1e-3);
            const auto order = norm == Norm::l2 ? 2.0 : std::numeric_limits<double>::infinity();
            const auto sizes = at::linalg_vector_norm((expected - problem.images).to(at::kDouble),
                                                      order, at::IntArrayRef{1, 2, 3});
            EXPECT_LE(test::distance(
                          smallest_epsilon(*problem.model, problem.images, problem.labels, options),
                          sizes),
                      1e-5)
                << name;
        }
    }
}

TEST(Fab, counts_what_is_within_epsilon) {
    const test::SmoothProblem problem;
    AttackOptions options{.method = "fab", .epsilon = 1, .steps = 20, .numbers = {{"targets", 9}}};
    const auto nearest = smallest_epsilon(*problem.model, problem.images, problem.labels, options);
    const auto sorted = std::get<0>(nearest.sort());
    const double between = (sorted[5] + sorted[6]).item<double>() / 2;
    EXPECT_EQ(robust_accuracy(*problem.model, problem.dataset(), options, {between}),
              std::vector{0.5});
    options.epsilon = between;
    const auto found = perturb(*problem.model, problem.images, problem.labels, options);
    EXPECT_LE(test::largest_change(found, problem.images), between);
    EXPECT_EQ(found.eq(problem.images).flatten(1).all(1).sum().item<int64_t>(), 6);
}

TEST(DeepFool, moves_as_far_as_foolbox) {
    const test::SmoothProblem problem(100);
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        const auto found = smallest_epsilon(*problem.model, problem.images, problem.labels,
                                            {.method = "deepfool", .norm = norm}, {1000});
        const auto expected =
            test::attack_fixture("foolbox", norm == Norm::l2 ? "deepfool L2" : "deepfool Linf");
        EXPECT_LE((found / expected - 1).abs().max().item<double>(), 1e-3);
    }
}

TEST(CarliniWagner, finds_perturbations_as_small_as_foolbox) {
    const test::SmoothProblem problem(100);
    const auto found = smallest_epsilon(*problem.model, problem.images, problem.labels,
                                        {.method = "cw", .steps = 1000}, {1000});
    const auto expected = test::attack_fixture("foolbox", "cw");
    EXPECT_NEAR(found.median().item<double>() / expected.median().item<double>(), 1, 0.02);
    EXPECT_LE((found / expected).max().item<double>(), 1.1);
}

TEST(CarliniWagner, keeps_its_confidence_and_reaches_a_target) {
    const test::SmoothProblem problem;
    AttackOptions options{.method = "cw", .steps = 200, .numbers = {{"searches", 6}}};
    const auto margins = [&](const at::Tensor& images) {
        const auto logits = problem.model->forward(images);
        const auto label = problem.labels.unsqueeze(1);
        return logits.scatter(1, label, -1e9).amax(1) - logits.gather(1, label).squeeze(1);
    };
    const auto images = perturb(*problem.model, problem.images, problem.labels, options);
    EXPECT_GT(margins(images).min().item<double>(), 0);
    EXPECT_LT(margins(images).max().item<double>(), 0.3);
    options.numbers["confidence"] = 0.5;
    const auto sure = perturb(*problem.model, problem.images, problem.labels, options);
    EXPECT_GE(margins(sure).min().item<double>(), 0.5);
    options.targeted = true;
    const auto targets = (problem.labels + 1).remainder(10);
    const auto aimed = perturb(*problem.model, problem.images, targets, options);
    EXPECT_TRUE(test::predictions(*problem.model, aimed).equal(targets));
}

TEST(Square, keeps_the_published_squares) {
    const test::SmoothProblem problem;
    for (const auto norm : {Norm::l_infinity, Norm::l2}) {
        const bool l2 = norm == Norm::l2;
        const AttackOptions options{.method = "square",
                                    .epsilon = l2 ? 0.08 : 2.0 / 255,
                                    .norm = norm,
                                    .numbers = {{"queries", 200}}};
        const auto found = perturb(*problem.model, problem.images, problem.labels, options);
        const auto expected = test::auto_fixture(l2 ? "square L2" : "square Linf");
        EXPECT_LE(test::distance(found, expected), 1e-6);
    }
}

TEST(Square, takes_square_images_in_l2) {
    const auto model = test::linear_model();
    EXPECT_THAT(error_of([&] {
                    perturb(*model, at::zeros({1, 3, 4, 16}), at::zeros({1}, at::kLong),
                            {.method = "square", .norm = Norm::l2});
                }),
                HasSubstr("the attack 'square' with norm L2 requires square images, got 4 x 16"));
}

TEST(NearestAndSquare, name_what_is_wrong_with_their_options) {
    const auto wrong = [](const AttackOptions& options) {
        return error_of([&] { resolve(options); });
    };
    for (const auto* const method : {"fab", "deepfool"}) {
        EXPECT_THAT(wrong({.method = method, .targeted = true}),
                    HasSubstr("does not accept 'targeted'"));
    }
    for (const auto* const method : {"fab", "square", "deepfool", "cw"}) {
        EXPECT_THAT(wrong({.method = method, .band = Band{.dct = 0.5}}),
                    HasSubstr("does not accept 'band'"));
        EXPECT_THAT(wrong({.method = method, .alpha = 1}), HasSubstr("does not accept alpha"));
        EXPECT_THAT(wrong({.method = method, .start = at::zeros({1, 3, 8, 8})}),
                    HasSubstr("has no option 'start'"));
    }
    EXPECT_THAT(wrong({.method = "square", .steps = 5}),
                HasSubstr("has no option 'steps'; set the number of queries"));
    EXPECT_THAT(wrong({.method = "square", .numbers = {{"share", 0}}}), HasSubstr("above 0"));
    EXPECT_THAT(wrong({.method = "square", .numbers = {{"queries", 0}}}), HasSubstr(">= 1"));
    EXPECT_THAT(wrong({.method = "fab", .numbers = {{"beta", 1.5}}}), HasSubstr("at most 1"));
    EXPECT_THAT(wrong({.method = "fab", .numbers = {{"alpha_max", 0}}}), HasSubstr("above 0"));
}

}  // namespace
}  // namespace hfc::attack
