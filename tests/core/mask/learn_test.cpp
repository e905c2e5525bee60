#include "mask/learn.h"

#include "attack/support.h"
#include "base/interrupt.h"
#include "mask/evaluate.h"
#include "mask/learner.h"
#include "mask/networks.h"
#include "mask/operator.h"
#include "mask/reference.h"

#include <ATen/ATen.h>

namespace hfc::mask {
namespace {

using test::distance;
using test::error_of;
using test::mask_reference;
using testing::HasSubstr;

data::Dataset fixture_source() {
    return data::dataset_of(mask_reference("fit x").to(at::kFloat),
                            mask_reference("fit y").to(at::kLong));
}

Learned fixture_fit(const LearnOptions& options) {
    return learn(*test::tanh_model(mask_reference("fit weight")), fixture_source(), options);
}

constexpr int64_t never = 1'000'000;

TEST(Learn, image_masks_together_equal_pytorch_one_by_one) {
    LearnOptions options{
        .scope = Scope::image, .lambda = 0.5, .lr = 0.03, .steps = 40, .patience = never};
    EXPECT_LT(distance(fixture_fit(options).masks, mask_reference("fit images")), 1e-4);
    options.per_channel = true;
    options.loss = Loss::cross_entropy;
    EXPECT_LT(distance(fixture_fit(options).masks, mask_reference("fit images channels")), 1e-4);
    const auto together = fixture_fit(options).masks;
    options.batch_size = 2;
    EXPECT_LT(distance(fixture_fit(options).masks, together), 1e-5)
        << "whatever images share the batch";
}

TEST(Learn, data_set_masks_equal_pytorch) {
    LearnOptions options{.lambda = 2, .lr = 0.05, .batch_size = 5, .epochs = 60, .patience = never};
    const auto learned = fixture_fit(options);
    EXPECT_EQ(learned.masks.sizes(), at::IntArrayRef({1, 1, 6, 5}));
    EXPECT_LT(distance(learned.masks, mask_reference("fit data set")), 1e-4);
    EXPECT_NEAR(learned.l1[0].item<double>(), mask_reference("fit data set").mean().item<double>(),
                1e-4);
    options.per_channel = true;
    options.loss = Loss::cross_entropy;
    options.lambda = 0.7;
    EXPECT_LT(distance(fixture_fit(options).masks, mask_reference("fit data set channels")), 1e-4);
}

TEST(Learn, class_masks_are_those_of_each_class_alone) {
    const LearnOptions options{.scope = Scope::class_of_images,
                               .lambda = 2,
                               .lr = 0.05,
                               .batch_size = 5,
                               .epochs = 20,
                               .patience = never};
    const auto source = fixture_source();
    const auto learned = fixture_fit(options);
    ASSERT_EQ(learned.masks.sizes(), at::IntArrayRef({4, 1, 6, 5}));
    auto alone = options;
    alone.scope = Scope::data_set;
    const auto third = learn(*test::tanh_model(mask_reference("fit weight")),
                             source.select(at::tensor({1, 4}, at::kLong)), alone);
    EXPECT_LT(distance(learned.masks[3], third.masks[0]), 1e-6);
    EXPECT_GT(distance(learned.masks[3], learned.masks[0]), 1e-2);
    const auto without = source.with_labels(at::tensor({0, 3, 0, 3, 3}, at::kLong));
    const auto some = learn(*test::tanh_model(mask_reference("fit weight")), without, options);
    EXPECT_LT(distance(some.masks[1], at::ones({1, 6, 5})), 1e-9)
        << "a class without images keeps ones";
}

TEST(Learn, finds_the_band_that_carries_the_label_and_nothing_else) {
    const auto [images, labels] = test::band_images(80, 1);
    const auto [test_images, test_labels] = test::band_images(80, 2);
    const auto model = test::band_model();
    const auto train = data::dataset_of(images, labels),
               test = data::dataset_of(test_images, test_labels);
    const auto band = test::band_mask();
    for (const auto loss : {Loss::invariance, Loss::cross_entropy}) {
        const auto learned = learn(
            *model, train,
            {.loss = loss, .lambda = loss == Loss::invariance ? 0.2 : 1, .lr = 0.05, .epochs = 60});
        const auto mask = learned.masks.to(at::kDouble);
        EXPECT_GE((mask * band).sum().item<double>() / mask.sum().item<double>(), 0.9);
        EXPECT_GT((mask * band).sum().item<double>(), 1) << "something is kept";
        EXPECT_GE(masked_accuracy(*model, test, learned.masks),
                  0.97 * masked_accuracy(*model, test, {}));
        EXPECT_LT((mask * (1 - band)).max().item<double>(), 0.05);
    }
    const auto each = learn(
        *model, test,
        {.scope = Scope::image, .loss = Loss::cross_entropy, .lambda = 1, .lr = 0.05, .steps = 60});
    EXPECT_GE((each.masks * band).sum().item<double>() / each.masks.sum().item<double>(), 0.9);
    EXPECT_GE(masked_accuracy(*model, test, each.masks), masked_accuracy(*model, test, {}));
}

TEST(Learn, in_bfloat16_finds_nearly_the_same_masks) {
    const auto [images, labels] = test::band_images(40, 1);
    const auto source = data::dataset_of(images, labels);
    const auto model = test::band_model();
    const auto band = test::band_mask();
    LearnOptions options{.scope = Scope::image,
                         .loss = Loss::cross_entropy,
                         .lambda = 1,
                         .lr = 0.05,
                         .steps = 60,
                         .patience = never};
    const auto exact = learn(*model, source, options);
    options.bfloat16 = true;
    const auto rounded = learn(*model, source, options);
    EXPECT_FALSE(at::equal(exact.masks, rounded.masks)) << "the option reaches the passes";
    EXPECT_EQ(rounded.masks.scalar_type(), at::kFloat);
    EXPECT_LT((exact.masks - rounded.masks).norm().item<double>(),
              0.05 * exact.masks.norm().item<double>());
    EXPECT_GE((rounded.masks * band).sum().item<double>() / rounded.masks.sum().item<double>(),
              0.9);
    EXPECT_EQ(at::mm(images[0][0], images[0][0]).scalar_type(), at::kFloat)
        << "what follows the fit is not in bfloat16";
}

TEST(Learn, gives_masks_in_range_symmetric_and_of_their_l1) {
    const auto [images, labels] = test::band_images(12, 3);
    const auto learned = learn(*test::band_model(), data::dataset_of(images, labels),
                               {.scope = Scope::image, .lr = 0.05, .steps = 30});
    ASSERT_EQ(learned.masks.sizes(), at::IntArrayRef({12, 1, 16, 16}));
    EXPECT_GE(learned.masks.min().item<double>(), 0);
    EXPECT_LE(learned.masks.max().item<double>(), 1);
    EXPECT_TRUE(at::equal(learned.masks, symmetrise(learned.masks)));
    EXPECT_LT(distance(learned.l1, learned.masks.to(at::kDouble).mean({1, 2, 3})), 1e-7);
}

TEST(Learn, stops_when_a_mask_stands_still) {
    const auto [images, labels] = test::band_images(8, 4);
    const auto model = test::band_model();
    const auto source = data::dataset_of(images, labels);
    // With such a tolerance every mask that is right stands still.
    const auto still =
        learn(*model, source, {.scope = Scope::image, .steps = 50, .tolerance = 1, .patience = 3});
    EXPECT_EQ(still.steps.min().item<int64_t>(), 3);
    EXPECT_EQ(still.steps.max().item<int64_t>(), 3);
    EXPECT_EQ(learn(*model, source, {.epochs = 50, .tolerance = 1, .patience = 4})
                  .steps[0]
                  .item<int64_t>(),
              4);
    // What a mask has learned stays when others go on without it, and images that are given another
    // label never stop.
    const auto wrong =
        source.with_labels((labels + at::tensor({1, 0, 0, 0, 0, 0, 0, 0}, at::kLong)).remainder(4));
    LearnOptions options{.scope = Scope::image,
                         .lambda = 0.5,
                         .lr = 0.1,
                         .steps = 400,
                         .tolerance = 1e-3,
                         .patience = 5};
    const auto some = learn(*model, wrong, options);
    EXPECT_EQ(some.steps[0].item<int64_t>(), 400);
    EXPECT_LT(some.steps[1].item<int64_t>(), 400);
    options.batch_size = 1;
    const auto alone = learn(*model, wrong, options);
    EXPECT_TRUE(at::equal(alone.steps, some.steps));
    EXPECT_LT(distance(alone.masks, some.masks), 1e-4);
}

TEST(Learn, does_not_stop_before_it_has_begun) {
    const auto [images, labels] = test::band_images(8, 4);
    const auto source = data::dataset_of(images, labels);
    // OneCycle begins at a 25th of lr: one step moves the mask by 4e-6, less than the usual
    // tolerance.
    LearnOptions options{.lr = 1e-4, .batch_size = 8, .epochs = 40, .patience = 1};
    EXPECT_GT(learn(*test::band_model(), source, options).steps[0].item<int64_t>(), 20);
    options.tolerance = 1e-5;
    EXPECT_EQ(learn(*test::band_model(), source, options).steps[0].item<int64_t>(), 1);
}

TEST(Learn, takes_the_predictions_for_labels_where_asked) {
    const auto [images, labels] = test::band_images(9, 6);
    const auto model = test::band_model();
    LearnOptions options{.scope = Scope::image, .lr = 0.05, .steps = 20};
    const auto predicted =
        learn(*model, data::dataset_of(images, model->forward(images).argmax(1)), options);
    options.predicted_labels = true;
    EXPECT_TRUE(
        at::equal(learn(*model, data::dataset_of(images, {}), options).masks, predicted.masks));
    EXPECT_TRUE(
        at::equal(learn(*model, data::dataset_of(images, (labels + 1).remainder(4)), options).masks,
                  predicted.masks));
}

TEST(Learn, tells_of_images_that_are_done_too) {
    const auto [images, labels] = test::band_images(8, 4);
    const auto model = test::band_model();
    std::vector<Progress> told;
    LearnOptions options{.scope = Scope::image, .steps = 120, .report = [&](const Progress& now) {
                             told.push_back(now);
                         }};
    // With such a tolerance an image is done as soon as it is given its label, the one under a
    // false label never.
    options.tolerance = 1;
    options.patience = 3;
    learn(*model, data::dataset_of(images, labels), options);
    ASSERT_EQ(told.size(), 1U)
        << "the last step is told of, also where it comes before the fiftieth";
    EXPECT_EQ(told[0].epoch, 3);
    EXPECT_EQ(told[0].accuracy, 1);
    told.clear();
    const auto false_first =
        (labels + at::tensor({1, 0, 0, 0, 0, 0, 0, 0}, at::kLong)).remainder(4);
    const auto learned = learn(*model, data::dataset_of(images, false_first), options);
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told.back().epoch, 120);
    EXPECT_EQ(told.back().accuracy, 7.0 / 8);
    EXPECT_NEAR(told.back().l1, learned.l1.mean().item<double>(), 1e-9);
}

TEST(Learn, leaves_the_model_as_it_was_and_tells_how_it_goes) {
    const auto model = test::used_model();
    model->train();
    const test::Untouched before(*model);
    const auto images = test::formula_images(6, 3, 16);
    std::vector<Progress> told;
    LearnOptions options{.epochs = 3,
                         .report = [&](const Progress& progress) { told.push_back(progress); }};
    learn(*model, data::dataset_of(images, at::arange(6)), options);
    before.expect_same(test::Untouched(*model));
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[2].epoch, 3);
    EXPECT_LT(told[2].l1, told[0].l1);
    options.report = [](const Progress&) { request_interrupt(); };
    EXPECT_THROW(learn(*model, data::dataset_of(images, at::arange(6)), options), Interrupted);
    clear_interrupt();
    before.expect_same(test::Untouched(*model));
}

TEST(MaskErrors, of_a_fit_name_what_is_wrong) {
    const auto sample = test::band_images(8, 5);
    const auto &images = sample.first,
               &labels = sample.second;  // clang 14 captures no structured bindings
    const auto model = test::band_model();
    const auto source = data::dataset_of(images, labels);
    const auto with = [&](const LearnOptions& options) {
        return error_of([&] { learn(*model, source, options); });
    };
    EXPECT_THAT(with({.lambda = -1}), HasSubstr("lambda must be a finite number >= 0, got -1"));
    EXPECT_THAT(with({.lr = 0}), HasSubstr("lr must be a finite number above 0, got 0"));
    EXPECT_THAT(with({.batch_size = 0}), HasSubstr("batch size must be at least 1, got 0"));
    EXPECT_THAT(with({.epochs = 0}), HasSubstr("epochs must be at least 1, got 0"));
    EXPECT_THAT(with({.steps = 0}), HasSubstr("steps must be at least 1, got 0"));
    EXPECT_THAT(with({.tolerance = -1}), HasSubstr("tolerance must be >= 0, got -1"));
    EXPECT_THAT(with({.patience = 0}), HasSubstr("patience must be at least 1, got 0"));
    EXPECT_THAT(error_of([&] { learn(*model, source.with_labels(labels + 4)); }),
                HasSubstr("must be between 0 and 3 (the model's classes), got 7"));
    EXPECT_THAT(error_of([&] { learn(*model, source.with_labels(labels - 1)); }),
                HasSubstr("must be >= 0, got -1"));
    EXPECT_THAT(error_of([&] { learn(*model, data::dataset_of(images, {})); }),
                HasSubstr("expected an int64 tensor [8]"));
    EXPECT_THAT(error_of([&] { data::dataset_of(images, labels.to(at::kFloat)); }),
                HasSubstr("must be int64 [8] or uint8 [8], one per image; got float32 [8]"));
    EXPECT_THAT(
        error_of([&] { data::dataset_of(images[0], {}); }),
        HasSubstr("must be a uint8 or float32 CPU tensor [N, C, H, W], got float32 [1, 16, 16]"));
    EXPECT_THAT(
        error_of([&] {
            learn(*model, data::dataset_of(at::rand({2, 1, 8, 8}), at::zeros({2}, at::kLong)));
        }),
        HasSubstr("the model failed on a batch of shape [2, 1, 8, 8]"));
    EXPECT_THAT(
        error_of([&] { learn(*model, data::dataset_of(images / 0, labels), {.epochs = 1}); }),
        HasSubstr("gradient with respect to the images is NaN or infinite"));
    const auto constant = std::make_shared<test::FunctionModel>(
        at::ones({1}), [](const at::Tensor&, const at::Tensor& x) {
            return at::zeros({x.size(0), 4});
        });
    EXPECT_THAT(error_of([&] { learn(*constant, source); }),
                HasSubstr("logits have no gradient with respect to the images"));
    EXPECT_THAT(error_of([] { parse_scope("pixel"); }),
                HasSubstr("'per' must be \"data set\", \"class\" or \"image\", got \"pixel\""));
    EXPECT_THAT(error_of([] { parse_loss("l2"); }),
                HasSubstr("loss must be \"invariance\" or \"cross_entropy\", got \"l2\""));
}

}  // namespace
}  // namespace hfc::mask
