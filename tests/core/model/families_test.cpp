// ResNet, VGG, AlexNet and LeNet in their forms: names, sizes of images, errors.
#include "model/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using test::error_of;
using testing::HasSubstr;

template <typename Named>
void append_shapes(std::vector<std::string>& lines, const Named& named) {
    for (const auto& entry : named) {
        const auto sizes = entry.value().sizes();
        lines.push_back(entry.key() + " " +
                        (sizes.empty() ? "scalar" : fmt::format("{}", fmt::join(sizes, "x"))));
    }
}

std::vector<std::string> torchvision_shapes(const std::string& network) {
    std::vector<std::string> lines;
    std::ifstream file(HFC_FIXTURES "/models/names.txt");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(network + " ")) {
            lines.push_back(line.substr(network.size() + 1));
        }
    }
    return lines;
}

struct Counterpart {
    const char* in_torchvision;
    const char* name;
    bool batch_norm;
};

void PrintTo(const Counterpart& counterpart, std::ostream* out) {
    *out << counterpart.in_torchvision;
}

class TorchvisionNames : public testing::TestWithParam<Counterpart> {};

TEST_P(TorchvisionNames, has_its_names_and_shapes_in_its_order) {
    const auto& c = GetParam();
    const auto model =
        make(c.name, {.classes = 1000, .batch_norm = c.batch_norm, .form = "torchvision"});
    std::vector<std::string> lines;
    append_shapes(lines, model->named_parameters());
    append_shapes(lines, model->named_buffers());
    const auto expected = torchvision_shapes(c.in_torchvision);
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(lines, expected);
}

INSTANTIATE_TEST_SUITE_P(Networks, TorchvisionNames,
                         testing::Values(Counterpart{"resnet18", "resnet18", false},
                                         Counterpart{"resnet34", "resnet34", false},
                                         Counterpart{"resnet50", "resnet50", false},
                                         Counterpart{"alexnet", "alexnet", false},
                                         Counterpart{"vgg11", "vgg11", false},
                                         Counterpart{"vgg11_bn", "vgg11", true},
                                         Counterpart{"vgg16_bn", "vgg16", true}));

TEST(SmallForm, takes_grey_images_of_28_pixels_and_says_which_channels_it_wants) {
    const at::NoGradGuard no_grad;
    for (const auto& name : known_names()) {
        auto model = make(name, {.classes = 7, .channels = 1});
        model->eval();
        EXPECT_EQ(model->forward(at::rand({2, 1, 28, 28})).sizes(), at::IntArrayRef({2, 7}))
            << name;
        EXPECT_EQ(model->parameters().front().size(3), 5) << name << ": the first kernel is 5x5";
        EXPECT_THAT(error_of([&] {
                        model->forward(at::rand({2, 3, 28, 28}));
                    }),
                    testing::AllOf(HasSubstr(name), HasSubstr("images with 1 channel(s)"),
                                   HasSubstr("create it with channels = 3")));
    }
}

TEST(SmallForm, takes_any_size) {
    const at::NoGradGuard no_grad;
    for (const auto* const name : {"resnet18", "vgg11", "alexnet", "lenet"}) {
        auto model = make(name, {.classes = 3});
        model->eval();
        for (const auto& shape :
             {std::vector<int64_t>{1, 3, 1, 1}, {1, 3, 33, 31}, {2, 3, 40, 64}, {0, 3, 32, 32}}) {
            EXPECT_EQ(model->forward(at::rand(shape)).sizes(), at::IntArrayRef({shape[0], 3}))
                << name;
        }
    }
}

TEST(TorchvisionForm, says_how_large_images_must_be) {
    const at::NoGradGuard no_grad;
    auto model = make("alexnet", {.form = "torchvision"});
    EXPECT_THAT(error_of([&] {
                    model->forward(at::zeros({1, 3, 63, 62}));
                }),
                testing::AllOf(HasSubstr("at least 63 x 63 pixels"), HasSubstr("[1, 3, 63, 62]"),
                               HasSubstr("form = \"small\"")));
    EXPECT_EQ(model->forward(at::zeros({1, 3, 63, 63})).size(1), 10) << "the size named is enough";
    auto vgg = make("vgg11", {.form = "torchvision"});
    EXPECT_THAT(error_of([&] {
                    vgg->forward(at::zeros({1, 3, 31, 32}));
                }),
                HasSubstr("at least 32 x 32 pixels"));
    EXPECT_EQ(vgg->forward(at::zeros({1, 3, 32, 32})).size(1), 10);
}

TEST(Options, that_a_network_does_not_have) {
    EXPECT_THAT(error_of([] { make("resnet18", {.form = "imagenet"}); }),
                HasSubstr("'form' must be 'small', 'torchvision' or 'tensorflow', got 'imagenet'"));
    EXPECT_THAT(error_of([] { make("lenet", {.form = "torchvision"}); }),
                HasSubstr("there is no torchvision variant of lenet: expected form 'small', got"));
    EXPECT_THAT(error_of([] { make("alexnet", {.batch_norm = true}); }),
                HasSubstr("alexnet has no BatchNorm"));
}

TEST(Dropout, acts_in_every_family_in_training_mode_only) {
    const at::NoGradGuard no_grad;
    const auto images = at::rand({4, 3, 32, 32});
    for (const auto* const name : {"vgg11", "alexnet", "lenet"}) {
        auto model = make(name, {.dropout = 0.5});
        EXPECT_FALSE(at::equal(model->forward(images), model->forward(images))) << name;
        model->eval();
        EXPECT_TRUE(at::equal(model->forward(images), model->forward(images))) << name;
    }
}

TEST(BareResNet, has_no_norms_unless_asked_for) {
    const at::NoGradGuard no_grad;
    const auto images = at::rand({2, 3, 32, 32});
    for (const std::string name : {"resnet18", "resnet50"}) {
        const auto bare = make(name + "_bare", {});
        EXPECT_TRUE(bare->named_buffers().is_empty());
        for (const auto& parameter : bare->named_parameters()) {
            EXPECT_EQ(parameter.key().find("bn"), std::string::npos) << parameter.key();
        }
        EXPECT_TRUE(bare->named_parameters().contains("layer2.0.downsample.0.bias"));
        EXPECT_TRUE(bare->forward(images).isfinite().all().item<bool>());
        const auto full = make(name, {}), same = make(name + "_bare", {.batch_norm = true});
        EXPECT_TRUE(at::equal(full->forward(images), same->forward(images))) << name;
    }
}

TEST(Copy, is_of_the_same_form) {
    const auto model = make("resnet50", {.form = "torchvision"});
    EXPECT_EQ(model->copy()->named_parameters()["conv1.weight"].size(3), 7);
}

}  // namespace
}  // namespace hfc::model
