// The authors' TensorFlow network: padding, initialisation, BatchNorm, dropout; torchvision's
// initialisation; the network for grey images.
#include "model/initialise.h"
#include "model/layers.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hfc::model {
namespace {

using test::error_of;
using test::reference;
using testing::HasSubstr;

/// The image of make_tensorflow.py.
at::Tensor image(int64_t height, int64_t width) {
    auto values = at::empty({1, 1, height, width});
    for (int64_t i = 0; i < height; ++i) {
        for (int64_t j = 0; j < width; ++j) {
            values[0][0][i][j] = static_cast<double>((7 * i + 3 * j) % 11) / 11;
        }
    }
    return values;
}

TEST(Same, pads_as_tensorflow_does) {
    const at::NoGradGuard no_grad;
    const auto kernel = at::arange(1, 10).to(at::kFloat).div(10).reshape({1, 1, 3, 3});
    Convolution same(1, 1, 3, {.stride = 2, .padding = {}, .same = true});
    Convolution symmetric(1, 1, 3, {.stride = 2, .padding = {}});
    for (const auto& [height, width] : {std::pair(6, 6), std::pair(5, 8)}) {
        const auto x = image(height, width);
        const auto expected = reference(fmt::format("tensorflow_same_{}x{}", height, width));
        const auto found = same.forward_with(x, kernel, {}).flatten().to(at::kDouble);
        EXPECT_TRUE(at::allclose(found, expected, 1e-6, 1e-6)) << height << " x " << width;
        const auto other = symmetric.forward_with(x, kernel, {}).flatten().to(at::kDouble);
        EXPECT_FALSE(at::allclose(other, expected, 1e-3, 1e-3)) << height << " x " << width;
    }
}

TEST(TensorFlow, draws_the_last_layer_by_uniform_unit_scaling) {
    const auto model = make("preact_resnet32", {.initialisation = "tensorflow"});
    const auto weight = model->named_parameters()["fc.weight"];
    const auto bound = std::sqrt(3.0 / 64);
    EXPECT_LE(weight.abs().max().item<double>(), bound);
    EXPECT_NEAR(weight.std().item<double>(), bound / std::sqrt(3.0), 0.05 * bound);
    EXPECT_TRUE(at::equal(model->named_parameters()["conv0.weight"],
                          make("preact_resnet32")->named_parameters()["conv0.weight"]))
        << "the other layers are Xavier's";
    EXPECT_THAT(error_of([] { make("lenet", {.initialisation = "xavir"}); }),
                HasSubstr("unknown initialisation 'xavir' (did you mean 'xavier'?): expected one "
                          "of xavier, tensorflow, torchvision"));
}

TEST(TensorFlow, builds_the_network_of_the_authors) {
    const at::NoGradGuard no_grad;
    const auto names = [](const std::string& form) {
        return make("preact_resnet8", {.batch_norm = true, .form = form})
            ->named_parameters()
            .keys();
    };
    EXPECT_THAT(names("small"), testing::Contains("bn.weight"));
    EXPECT_THAT(names("tensorflow"), testing::Not(testing::Contains("bn.weight")));
    EXPECT_THAT(names("tensorflow"), testing::Contains("blocks.2.bn2.weight"));
    const auto logits = [](const std::string& form) {
        return make("preact_resnet8", {.seed = 3, .form = form})
            ->forward(test::formula_images(2, 3, 32));
    };
    EXPECT_FALSE(at::allclose(logits("small"), logits("tensorflow"), 1e-3, 1e-4));
    EXPECT_THAT(error_of([] { make("resnet18", {.form = "tensorflow"}); }),
                HasSubstr("there is no TensorFlow variant of resnet18: expected form 'small' or "
                          "'torchvision', got 'tensorflow'"));
}

TEST(TensorFlow, drops_features_before_the_last_relu) {
    const at::NoGradGuard no_grad;
    const auto x = test::formula_images(2, 3, 32);
    const auto distinct = [&](const std::string& form) {
        const auto model = make("preact_resnet8", {.dropout = 0.9, .form = form});
        at::manual_seed(1);
        const auto first = model->forward(x);
        EXPECT_FALSE(at::equal(first, model->forward(x))) << form;
        model->eval();
        EXPECT_TRUE(at::equal(model->forward(x), model->forward(x))) << form;
        return first;
    };
    EXPECT_FALSE(at::allclose(distinct("small"), distinct("tensorflow")));
}

TEST(Torchvision, initialises_as_torchvision_does) {
    const auto vgg = make("vgg11", {.classes = 5,
                                    .channels = 1,
                                    .batch_norm = true,
                                    .form = "torchvision",
                                    .initialisation = "torchvision"});
    const auto weights = vgg->named_parameters();
    EXPECT_LE(weights["features.0.weight"].abs().max().item<double>(), 1.0 / 3)
        << "torch.nn.Conv2d of nine inputs";
    EXPECT_GT(weights["features.0.bias"].abs().max().item<double>(), 0.1);
    EXPECT_NEAR(weights["features.4.weight"].std().item<double>(), std::sqrt(2.0 / (128 * 9)),
                1e-3);
    EXPECT_EQ(weights["features.4.bias"].abs().max().item<double>(), 0);
    EXPECT_NEAR(weights["classifier.0.weight"].std().item<double>(), 0.01, 1e-4);
    const auto resnet = make("resnet18", {.form = "torchvision", .initialisation = "torchvision"})
                            ->named_parameters();
    EXPECT_NEAR(resnet["conv1.weight"].std().item<double>(), std::sqrt(2.0 / (64 * 49)), 1e-3);
    const auto bound = 1 / std::sqrt(512.0);
    EXPECT_LE(resnet["fc.weight"].abs().max().item<double>(), bound);
    EXPECT_GT(resnet["fc.bias"].abs().max().item<double>(), bound / 4);
    EXPECT_EQ(resnet["bn1.bias"].abs().max().item<double>(), 0);
}

TEST(MnistCnn, is_the_authors_network) {
    const at::NoGradGuard no_grad;
    const auto model = make("mnist_cnn", {.channels = 1});
    // conv1 832, conv2 51264, fc1 3136 * 1024 + 1024, fc2 10250
    EXPECT_EQ(count_parameters(*model), 832 + 51264 + 3136 * 1024 + 1024 + 10250);
    EXPECT_EQ(model->forward(at::rand({2, 1, 28, 28})).sizes(), at::IntArrayRef({2, 10}));
    for (const int64_t side : {1, 8, 33}) {
        EXPECT_EQ(model->forward(at::rand({2, 1, side, side})).size(1), 10) << side;
    }
    // Without biases, a network of ReLUs and pools is homogeneous.
    const auto x = at::rand({1, 1, 28, 28});
    EXPECT_TRUE(at::allclose(model->forward(2 * x), 2 * model->forward(x), 1e-4, 1e-5));
    const auto normed = make("mnist_cnn", {.channels = 1, .batch_norm = true});
    EXPECT_THAT(normed->named_parameters().keys(),
                testing::IsSupersetOf({"bn1.weight", "bn2.bias"}));
}

}  // namespace
}  // namespace hfc::model
