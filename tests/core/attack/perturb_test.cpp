#include "attack/support.h"
#include "base/file.h"
#include "base/interrupt.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

namespace hfc::attack {
namespace {

using test::error_of;
using test::largest_change;
using testing::HasSubstr;

at::Tensor torchattacks(const std::string& name) {
    const auto description =
        nlohmann::json::parse(read_file(HFC_FIXTURES "/attack/reference.json"));
    const auto cases = description["cases"].get<std::vector<std::string>>();
    const auto shape = description["shape"].get<std::vector<int64_t>>();
    auto bytes = read_file(HFC_FIXTURES "/attack/reference.bin");
    const auto found = std::ranges::find(cases, name);
    require(found != cases.end(), "no case '{}'", name);
    auto all_shape = shape;
    all_shape.insert(all_shape.begin(), static_cast<int64_t>(cases.size()));
    return at::from_blob(bytes.data(), all_shape, at::kFloat)[found - cases.begin()].clone();
}

struct Case {
    std::string name;
    AttackOptions options;
};

class Torchattacks : public testing::TestWithParam<Case> {};

TEST_P(Torchattacks, gives_the_same_images) {
    const auto model = model::make("preact_resnet8");
    test::set_formula_weights(*model);
    const auto images = test::formula_images(4, 3, 12);
    const auto adversarial =
        perturb(*model, images, at::tensor({3, 1, 4, 1}, at::kLong), GetParam().options);
    EXPECT_LT(test::distance(adversarial, torchattacks(GetParam().name)), 1e-5);
    EXPECT_GT(largest_change(adversarial, images), 0.02);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, Torchattacks,
    testing::Values(
        Case{"fgsm", {.method = "fgsm"}}, Case{"fgsm large", {.method = "fgsm", .epsilon = 0.3}},
        Case{"bim", {.method = "bim"}},
        Case{"mifgsm", {.method = "mifgsm", .numbers = {{"decay", 0.5}}}},
        Case{"pgd", {.method = "pgd", .random_start = false}},
        Case{"pgd targeted",
             {.method = "pgd", .steps = 4, .random_start = false, .targeted = true}},
        Case{"pgdl2", {.method = "pgdl2", .random_start = false}},
        Case{"pgdl2 small",
             {.method = "pgdl2", .epsilon = 0.5, .alpha = 0.4, .steps = 3, .random_start = false}}),
    [](const auto& instance) {
        auto name = instance.param.name;
        std::ranges::replace(name, ' ', '_');
        return name;
    });

TEST(Perturb, stays_within_epsilon_and_pixel_range_to_the_last_bit) {
    const auto model = model::make("preact_resnet8");
    auto images = test::formula_images(6, 3, 16);
    images[0].fill_(0);
    images[1].fill_(1);
    const auto labels = at::arange(6);
    for (const auto& method : known_methods()) {
        for (const double epsilon : {0.0, 1e-9, 0.03, 8.0 / 255, 0.7}) {
            auto options = test::few_steps(method);
            options.epsilon = epsilon;
            const auto adversarial = perturb(*model, images, labels, options);
            EXPECT_GE(adversarial.min().item<float>(), 0) << method;
            EXPECT_LE(adversarial.max().item<float>(), 1) << method;
            const auto change = (adversarial.to(at::kDouble) - images.to(at::kDouble)).flatten(1);
            const auto size = method == "pgdl2" ? change.norm(2, 1).max() : change.abs().max();
            EXPECT_LE(size.item<double>(), epsilon) << method;
        }
    }
}

TEST(Perturb, stays_within_a_small_epsilon_in_l2) {
    const auto model = test::linear_model();
    const auto images = test::formula_images(60, 3, 8);
    const auto labels = test::predictions(*model, images);
    for (const double epsilon : {0.001, 0.003, 0.01, 0.03}) {
        for (const auto& range : {Range(), no_range()}) {
            const auto adversarial = perturb(*model, images, labels,
                                             {.method = "pgdl2",
                                              .epsilon = epsilon,
                                              .relative_alpha = 1,
                                              .steps = 2,
                                              .range = range});
            const auto change = adversarial.to(at::kDouble) - images.to(at::kDouble);
            EXPECT_LE(change.flatten(1).norm(2, 1).max().item<double>(), epsilon);
            EXPECT_GT(change.flatten(1).norm(2, 1).max().item<double>(), 0.999 * epsilon);
        }
    }
}

TEST(Perturb, leaves_the_model_as_it_was) {
    for (const auto& method : known_methods()) {
        const auto model = test::used_model();
        model->train();
        model->children()[1]->eval();
        const test::Untouched before(*model);
        const auto images = test::formula_images(3, 3, 8);
        const auto copy = images.clone();
        perturb(*model, images, at::arange(3), test::few_steps(method));
        before.expect_same(test::Untouched(*model));
        EXPECT_TRUE(at::equal(images, copy));
    }
}

TEST(Perturb, leaves_the_model_as_it_was_after_an_exception) {
    int64_t passes = 0;
    bool computed_weight_gradient = false;
    const auto model = std::make_shared<test::FunctionModel>(
        at::ones({3, 2}), [&](const at::Tensor& weight, const at::Tensor& images) {
            computed_weight_gradient |= weight.requires_grad();
            require(++passes < 3, "enough");
            return at::linear(images.mean({2, 3}), weight.t());
        });
    model->parameters()[0].mutable_grad() = at::full({3, 2}, 7.0);
    const test::Untouched before(*model);
    EXPECT_EQ(error_of([&] {
                  perturb(*model, at::rand({2, 3, 4, 4}), at::tensor({0, 1}, at::kLong));
              }),
              "enough");
    EXPECT_EQ(passes, 3);
    EXPECT_FALSE(computed_weight_gradient);
    before.expect_same(test::Untouched(*model));
}

TEST(Perturb, works_where_the_caller_wants_no_gradients) {
    const auto model = test::used_model();
    const auto images = test::formula_images(2, 3, 8);
    const AttackOptions options{.method = "bim"};
    const auto expected = perturb(*model, images, at::arange(2), options);
    const at::NoGradGuard no_grad;
    const auto adversarial = perturb(*model, images, at::arange(2), options);
    EXPECT_TRUE(at::equal(adversarial, expected));
    EXPECT_FALSE(expected.requires_grad());
}

TEST(Perturb, keeps_the_layout_and_takes_no_images) {
    const auto model = test::used_model();
    const auto images = test::formula_images(2, 3, 8).contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_TRUE(
        perturb(*model, images, at::arange(2)).is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(perturb(*model, images.contiguous(), at::arange(2)).is_contiguous());
    EXPECT_EQ(perturb(*model, at::zeros({0, 3, 8, 8}), at::zeros({0}, at::kLong)).sizes(),
              at::IntArrayRef({0, 3, 8, 8}));
}

TEST(Perturb, takes_several_epsilons_at_once) {
    const auto model = test::used_model();
    const auto images = test::formula_images(3, 3, 8);
    const std::vector<double> epsilons{0.1, 0.01, 0};
    for (const auto& method : known_methods()) {
        const auto options = test::few_steps(method);
        const auto together = perturb(*model, images, at::arange(3), options, epsilons);
        ASSERT_EQ(together.size(), 3U);
        for (size_t i = 0; i < 3; ++i) {
            auto single = options;
            single.epsilon = epsilons[i];
            EXPECT_TRUE(at::equal(together[i], perturb(*model, images, at::arange(3), single)))
                << method;
        }
        EXPECT_TRUE(at::equal(together[2], images)) << method;
    }
    EXPECT_THAT(
        error_of([&] { perturb(*model, images, at::arange(3), {}, std::vector<double>{}); }),
        HasSubstr("at least one epsilon"));
}

TEST(Perturb, starts_at_random_by_the_seed_alone) {
    const auto model = test::used_model();
    const auto images = test::formula_images(3, 3, 8);
    for (const std::string method : {"pgd", "pgdl2"}) {
        const auto at_seed = [&](uint64_t seed) {
            return perturb(*model, images, at::arange(3), {.method = method, .seed = seed});
        };
        const auto first = at_seed(1);
        at::rand({17});
        EXPECT_TRUE(at::equal(first, at_seed(1)));
        EXPECT_FALSE(at::equal(first, at_seed(2)));
    }
}

TEST(Perturb, keeps_the_best_of_its_restarts) {
    const auto model = test::linear_model();
    const auto images = test::formula_images(30, 3, 8);
    const auto labels = test::predictions(*model, images);
    const auto margins = [&](int64_t restarts) {
        const AttackOptions options{.method = "pgd",
                                    .epsilon = 0.02,
                                    .steps = 1,
                                    .restarts = restarts,
                                    .loss = Loss::margin};
        const auto logits = model->forward(perturb(*model, images, labels, options)).detach();
        const auto right = logits.gather(1, labels.unsqueeze(1)).squeeze(1);
        return logits.scatter(1, labels.unsqueeze(1), -1e9).amax(1) - right;
    };
    const auto one = margins(1);
    const auto five = margins(5);
    EXPECT_GT(five.gt(0).sum().item<int64_t>(), 0);
    EXPECT_LT(five.gt(0).sum().item<int64_t>(), 30);
    EXPECT_TRUE(five.ge(one).logical_or(one.gt(0)).all().item<bool>())
        << "never worse, unless the first had succeeded";
    EXPECT_TRUE(at::equal(five.masked_select(one.gt(0)), one.masked_select(one.gt(0))))
        << "a success is kept";
    EXPECT_FALSE(at::equal(one, five));
}

TEST(Perturb, follows_the_margin) {
    // Logits are means of channels: the margin rises where the largest other channel rises and the
    // label's falls.
    test::FunctionModel model(at::ones({1}),
                              [](const at::Tensor& weight, const at::Tensor& images) {
                                  return images.mean({2, 3}) * weight;
                              });
    auto images = at::full({1, 3, 2, 2}, 0.5);
    images[0][1].fill_(0.6);
    const auto change = [&](bool targeted) {
        const auto adversarial =
            perturb(model, images, at::tensor({0}, at::kLong),
                    {.method = "fgsm", .epsilon = 0.1, .targeted = targeted, .loss = Loss::margin});
        return (adversarial - images).mean({0, 2, 3});
    };
    EXPECT_LT(test::distance(change(false), at::tensor({-0.1, 0.1, 0.0})), 1e-6);
    EXPECT_LT(test::distance(change(true), at::tensor({0.1, -0.1, 0.0})), 1e-6);
}

TEST(Perturb, stops_when_asked_to) {
    const auto model = test::used_model();
    const test::Untouched before(*model);
    request_interrupt();
    EXPECT_THROW(perturb(*model, test::formula_images(2, 3, 8), at::arange(2)), Interrupted);
    clear_interrupt();
    before.expect_same(test::Untouched(*model));
}

TEST(Band, confines_the_perturbation) {
    const auto model = test::used_model();
    // Away from 0 and 1, where nothing is cut off.
    const auto images = test::formula_images(3, 3, 16) * 0.4 + 0.3;
    const auto mask = frequency::radial_mask(16, 16, 3);
    const auto energy = [](const at::Tensor& x) { return x.square().sum().item<double>(); };
    for (const std::string method : {"fgsm", "bim", "mifgsm", "pgd", "pgdl2"}) {
        const auto change = [&](const Band& band) {
            const auto adversarial = perturb(*model, images, at::arange(3),
                                             {.method = method, .epsilon = 0.1, .band = band});
            return adversarial - images;
        };
        const auto low = change({.part = data::Part::low, .radius = 3});
        const auto high = change({.part = data::Part::high, .radius = 3});
        EXPECT_GT(energy(low), 1e-3) << method;
        EXPECT_GT(energy(high), 1e-3) << method;
        EXPECT_LT(energy(frequency::high_pass(low, 3)), 1e-10 * energy(low)) << method;
        EXPECT_LT(energy(frequency::low_pass(high, 3)), 1e-10 * energy(high)) << method;
        EXPECT_LE(low.abs().max().item<double>(), 0.1 + 1e-7) << method;
        EXPECT_LE(high.abs().max().item<double>(), 0.1 + 1e-7) << method;
        EXPECT_LT(test::distance(change({.mask = mask}), low), 2e-5)
            << method << ": a disc given as a mask";
    }
}

TEST(Errors, name_what_is_wrong) {
    const auto model = test::used_model();
    const auto images = test::formula_images(2, 3, 8);
    const auto with = [&](const AttackOptions& options) {
        return error_of([&] { perturb(*model, images, at::arange(2), options); });
    };
    EXPECT_THAT(with({.method = "pdg"}),
                testing::AllOf(HasSubstr("unknown method 'pdg' (did you mean"),
                               HasSubstr("fgsm, bim, mifgsm")));
    EXPECT_THAT(with({.epsilon = -0.1}),
                HasSubstr("epsilon must be a finite number >= 0, got -0.1"));
    EXPECT_THAT(with({.epsilon = std::nan("")}),
                HasSubstr("epsilon must be a finite number >= 0, got nan"));
    EXPECT_THAT(with({.alpha = 0.0}), HasSubstr("alpha must be a finite number above 0, got 0"));
    EXPECT_THAT(with({.relative_alpha = -1.0}),
                HasSubstr("relative_alpha must be a finite number above 0, got -1"));
    EXPECT_THAT(with({.alpha = 0.1, .relative_alpha = 0.1}), HasSubstr("mutually exclusive"));
    EXPECT_THAT(with({.steps = 0}), HasSubstr("steps must be at least 1, got 0"));
    EXPECT_THAT(with({.method = "fgsm", .steps = 3}), HasSubstr("fgsm takes a single step"));
    EXPECT_THAT(with({.method = "mifgsm", .numbers = {{"decay", -1}}}), HasSubstr("decay must be"));
    EXPECT_THAT(with({.method = "bim", .random_start = true}),
                HasSubstr("bim has no random start"));
    EXPECT_THAT(with({.restarts = 0}), HasSubstr("restarts must be at least 1, got 0"));
    EXPECT_THAT(with({.method = "bim", .restarts = 2}),
                HasSubstr("2 restarts without a random start"));
    EXPECT_THAT(with({.numbers = {{"decay", 1}}}), HasSubstr("pgd has no option 'decay'"));
    EXPECT_THAT(
        error_of([] { parse_loss("hinge"); }),
        HasSubstr("loss must be \"cross_entropy\" or \"margin\" or \"dlr\", got \"hinge\""));
    EXPECT_THAT(with({.band = Band{}}),
                HasSubstr("'band' requires a part ('low' or 'high') with a radius, or a mask"));
    EXPECT_THAT(with({.band = Band{.part = data::Part::low, .radius = -1}}),
                HasSubstr("radius must be a finite number >= 0, got -1"));
    EXPECT_THAT(with({.band = Band{.mask = at::ones({4, 4})}}),
                HasSubstr("[8, 8] (the size of the images), got [4, 4]"));
    EXPECT_THAT(with({.band = Band{.mask = at::full({8, 8}, 2.0)}}), HasSubstr("factors in [0,1]"));
}

TEST(Errors, name_bad_images_and_labels) {
    const auto model = test::used_model();
    const auto with = [&](const at::Tensor& images, const at::Tensor& labels) {
        return error_of([&] { perturb(*model, images, labels); });
    };
    const auto images = test::formula_images(2, 3, 8);
    const auto labels = at::arange(2);
    EXPECT_THAT(with(images * 255, labels), HasSubstr("images must have pixels in [0,1], got"));
    EXPECT_THAT(with(images - 1, labels), HasSubstr("images must have pixels in [0,1], got"));
    EXPECT_THAT(with(images / 0 * 0, labels), HasSubstr("in [0,1], got NaN"));
    EXPECT_THAT(with(images.to(at::kDouble), labels),
                HasSubstr("float32 tensor [N, C, H, W], got float64 [2, 3, 8, 8]"));
    EXPECT_THAT(with(images[0], labels), HasSubstr("got float32 [3, 8, 8]"));
    EXPECT_THAT(with(at::Tensor(), labels), HasSubstr("got nothing"));
    EXPECT_THAT(with(images, at::arange(3)),
                HasSubstr("labels must be an int64 tensor [2], one per image, got int64 [3]"));
    EXPECT_THAT(with(images, labels + 9),
                HasSubstr("labels must be between 0 and 9 (the model's classes), got 10"));
    EXPECT_THAT(with(images, labels - 1), HasSubstr("labels must be >= 0, got -1"));
    EXPECT_THAT(with(images.narrow(1, 0, 1), labels), HasSubstr("images with 3 channel(s)"));
}

TEST(Errors, name_models_that_cannot_be_attacked) {
    const auto with = [](const test::FunctionModel::Function& function) {
        test::FunctionModel model(at::ones({1}), function);
        return error_of([&] {
            perturb(model, at::rand({2, 3, 4, 4}), at::zeros({2}, at::kLong),
                    {.loss = Loss::margin});
        });
    };
    EXPECT_THAT(with([](const auto&, const auto&) {
                    return at::rand({2, 3});
                }),
                HasSubstr("have no gradient with respect to the images"));
    EXPECT_THAT(with([](const auto& w, const auto&) { return w.matmul(at::ones({2})); }),
                HasSubstr("the model failed on a batch of shape [2, 3, 4, 4]"));
    EXPECT_THAT(with([](const auto&, const auto& x) {
                    return x.mean({2, 3, 1});
                }),
                HasSubstr("logits of shape [2, classes] for a batch of size 2; it returned [2]"));
    EXPECT_THAT(with([](const auto&, const auto& x) {
                    return x.mean({2, 3}).narrow(1, 0, 1);
                }),
                HasSubstr("requires at least 2 classes, but the model has 1"));
    EXPECT_THAT(with([](const auto&, const auto& x) {
                    return (x.mean({2, 3}) * 0).sqrt();
                }),
                HasSubstr("gradient with respect to the images is NaN or infinite"));
}

}  // namespace
}  // namespace hfc::attack
