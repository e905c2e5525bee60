#include "model/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using test::error_of;
using testing::HasSubstr;

std::vector<std::string> state_names(const Model& model) {
    auto names = model.named_parameters().keys();
    for (const auto& name : model.named_buffers().keys()) {
        names.push_back(name);
    }
    return names;
}

TEST(Make, builds_the_paper_network_of_a_half_million_weights) {
    const auto model = make("preact_resnet32");
    // conv0 432; stage 16: 10 * 2304; stage 32: 4608 + 9 * 9216; stage 64: 18432 + 9 * 36864; fc
    // 650.
    EXPECT_EQ(count_parameters(*model),
              432 + 10 * 2304 + 4608 + 9 * 9216 + 18432 + 9 * 36864 + 650);
    EXPECT_EQ(model->parameters().size(), 1 + 30 + 2U);
    EXPECT_TRUE(model->is_training());
    EXPECT_EQ(device_of(*model), at::Device(at::kCPU));
}

TEST(Make, names_weights_as_pytorch_programs_do) {
    const auto plain = state_names(*make("preact_resnet8"));
    EXPECT_THAT(plain, testing::ElementsAre("conv0.weight", "blocks.0.conv1.weight",
                                            "blocks.0.conv2.weight", "blocks.1.conv1.weight",
                                            "blocks.1.conv2.weight", "blocks.2.conv1.weight",
                                            "blocks.2.conv2.weight", "fc.weight", "fc.bias"));
    const auto normed = state_names(*make("preact_resnet8", {.batch_norm = true}));
    EXPECT_THAT(normed, testing::IsSupersetOf({"bn0.weight", "blocks.0.bn2.running_mean",
                                               "blocks.1.bn1.bias", "bn.num_batches_tracked"}));
    EXPECT_THAT(normed, testing::Not(testing::Contains("blocks.0.bn1.weight")))
        << "the very first convolution takes its input as it is";
    EXPECT_THAT(state_names(*make("resnet18")),
                testing::IsSupersetOf({"conv1.weight", "bn1.weight", "layer1.0.conv1.weight",
                                       "layer2.0.downsample.0.weight", "layer4.1.bn2.running_var",
                                       "fc.bias"}));
}

TEST(Make, initialises_by_xavier_from_the_seed_alone) {
    const auto model = make("preact_resnet32", {.seed = 5});
    const auto weights = model->named_parameters();
    const auto& kernel = weights["blocks.14.conv2.weight"];
    const double bound = std::sqrt(6.0 / ((64 + 64) * 9));
    EXPECT_LE(kernel.abs().max().item<double>(), bound);
    EXPECT_NEAR(kernel.std().item<double>(), bound / std::sqrt(3.0), 0.02 * bound)
        << "uniform in +-bound";
    EXPECT_NEAR(kernel.mean().item<double>(), 0, 0.02 * bound);
    EXPECT_EQ(weights["fc.bias"].abs().max().item<double>(), 0);

    auto global = at::globalContext().defaultGenerator(at::kCPU);
    global.set_current_seed(99);
    const auto same = make("preact_resnet32", {.batch_norm = true, .dropout = 0.5, .seed = 5})
                          ->named_parameters();
    const auto other = make("preact_resnet32", {.seed = 6})->named_parameters();
    EXPECT_TRUE(at::equal(kernel, same["blocks.14.conv2.weight"]))
        << "neither the global generator nor other layers matter";
    EXPECT_FALSE(at::equal(kernel, other["blocks.14.conv2.weight"]));
    EXPECT_FALSE(at::equal(kernel, weights["blocks.14.conv1.weight"]));
}

TEST(Make, says_what_is_wrong) {
    EXPECT_THAT(
        error_of([] { make("preact_resnet23"); }),
        testing::AllOf(HasSubstr("unknown model 'preact_resnet23'"), HasSubstr("did you mean"),
                       HasSubstr("preact_resnet8, preact_resnet14"), HasSubstr("resnet18")));
    EXPECT_THAT(error_of([] { make("preact_resnet8", {.classes = 0}); }),
                HasSubstr("classes must be between 1 and 1000000, got 0"));
    EXPECT_THAT(error_of([] { make("preact_resnet8", {.channels = 2}); }),
                HasSubstr("channels must be 1 (grey) or 3 (RGB), got 2"));
    EXPECT_THAT(error_of([] { make("resnet18", {.dropout = 1}); }),
                HasSubstr("dropout must be a probability in [0,1), got 1"));
    EXPECT_THAT(error_of([] { make("resnet18", {.dropout = std::nan("")}); }),
                HasSubstr("got nan"));
    for (const auto& name : known_names()) {
        EXPECT_NE(make(name), nullptr);
    }
}

TEST(Forward, says_which_images_it_takes) {
    auto model = make("preact_resnet8");
    EXPECT_THAT(error_of([&] {
                    model->forward(at::zeros({2, 1, 28, 28}));
                }),
                testing::AllOf(HasSubstr("images with 3 channel(s)"), HasSubstr("[2, 1, 28, 28]"),
                               HasSubstr("channels = 1")));
    EXPECT_THAT(error_of([&] {
                    model->forward(at::zeros({3, 28, 28}));
                }),
                HasSubstr("got a tensor of shape [3, 28, 28]"));
    EXPECT_THAT(error_of([&] {
                    make("resnet18")->forward(at::zeros({1, 3, 0, 4}));
                }),
                HasSubstr("at least one pixel"));
}

TEST(Forward, takes_odd_sizes_and_any_number_of_images) {
    const at::NoGradGuard no_grad;
    auto model = make("preact_resnet14", {.classes = 3});
    for (const auto& shape : {std::vector<int64_t>{1, 3, 33, 31}, {2, 3, 1, 1}, {0, 3, 8, 8}}) {
        EXPECT_EQ(model->forward(at::rand(shape)).sizes(), at::IntArrayRef({shape[0], 3}));
    }
    EXPECT_EQ(make("preact_resnet8", {.channels = 1})->named_parameters()["conv0.weight"].size(3),
              5);
}

TEST(Forward, leaves_the_images_as_they_are) {
    auto model = make("preact_resnet8");
    const auto images = at::randn({2, 3, 8, 8});
    const auto before = images.clone();
    model->forward(images);
    const at::NoGradGuard no_grad;
    model->forward(images);
    EXPECT_TRUE(at::equal(images, before));
}

TEST(Dropout, acts_in_training_mode_only) {
    auto model = make("preact_resnet8", {.dropout = 0.5});
    const auto images = at::rand({4, 3, 16, 16});
    EXPECT_FALSE(at::equal(model->forward(images), model->forward(images)));
    model->eval();
    EXPECT_TRUE(at::equal(model->forward(images), model->forward(images)));
}

TEST(EvaluationScope, restores_each_part_to_its_own_mode) {
    auto model = make("preact_resnet8", {.batch_norm = true});
    model->named_modules()["blocks.1"]->eval();
    {
        const EvaluationScope evaluation(*model);
        EXPECT_FALSE(model->is_training());
        EXPECT_FALSE(model->named_modules()["blocks.0.bn2"]->is_training());
    }
    EXPECT_TRUE(model->is_training());
    EXPECT_TRUE(model->named_modules()["blocks.0.bn2"]->is_training());
    EXPECT_FALSE(model->named_modules()["blocks.1.bn1"]->is_training());
}

TEST(ChannelsLast, keeps_values_and_variables) {
    auto model = make("preact_resnet8");
    const auto variable = model->named_parameters()["conv0.weight"];
    const auto before = variable.detach().clone();
    use_channels_last(*model);
    EXPECT_TRUE(variable.is_contiguous(at::MemoryFormat::ChannelsLast))
        << "the same variable, laid out anew";
    EXPECT_TRUE(at::equal(variable, before));
    EXPECT_TRUE(variable.requires_grad());
}

}  // namespace
}  // namespace hfc::model
