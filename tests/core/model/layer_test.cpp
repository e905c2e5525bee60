// Hooks on layers of built-in and exported networks.
#include "model/layer.h"

#include "model/exported/exported_model.h"
#include "model/normalised.h"
#include "model/reference.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hfc::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<Layer> layer_of(const Model& model, const std::string& name) {
    return std::dynamic_pointer_cast<Layer>(model.named_modules()[name]);
}

/// Adds a hook that stays for the whole test.
std::shared_ptr<const LayerHook> add_hook(const Model& model, const std::string& name,
                                          LayerHook hook) {
    auto shared = std::make_shared<const LayerHook>(std::move(hook));
    layer_of(model, name)->add_hook(shared);
    return shared;
}

ModelPtr exported_resnet() {
    return load_exported(HFC_FIXTURES "/exported/resnet_eval.pt2");
}

/// The names of the layers in the order in which they ran.
std::vector<std::string> order_of(const ModelPtr& model, const std::vector<std::string>& names) {
    std::vector<std::string> calls;
    for (const auto& name : names) {
        add_hook(*model, name, [&calls, name](const at::Tensor&) {
            calls.push_back(name);
            return at::Tensor();
        });
    }
    const at::NoGradGuard no_grad;
    model->forward(at::rand({2, 3, 64, 64}));
    return calls;
}

TEST(LayerHooks, are_called_each_time_a_layer_runs) {
    EXPECT_THAT(order_of(make("resnet18"), {"layer1", "layer1.0", "fc", "layer1.0.bn1", "conv1"}),
                ElementsAre("conv1", "layer1.0.bn1", "layer1.0", "layer1", "fc"));
    EXPECT_THAT(order_of(make("lenet"), {"fc1", "conv2"}), ElementsAre("conv2", "fc1"));
    EXPECT_THAT(order_of(make("preact_resnet8", {.batch_norm = true}),
                         {"blocks.1", "blocks.1.bn1", "blocks.1.conv2", "bn"}),
                ElementsAre("blocks.1.bn1", "blocks.1.conv2", "blocks.1", "bn"));
    EXPECT_THAT(
        order_of(exported_resnet(), {"layer1", "layer1.0", "layer1.0.relu", "conv1", "bn1"}),
        ElementsAre("conv1", "bn1", "layer1.0.relu", "layer1.0.relu", "layer1.0", "layer1"));
}

TEST(LayerHooks, see_what_the_layer_gives_and_change_nothing) {
    const at::NoGradGuard no_grad;
    for (const auto& model : {make("resnet20"), exported_resnet()}) {
        model->eval();
        const auto x = at::rand({4, 3, 64, 64});
        const auto expected = model->forward(x);
        at::Tensor convolved, normed;
        const auto first = add_hook(*model, "conv1", [&](const at::Tensor& output) {
            convolved = output;
            return at::Tensor();
        });
        add_hook(*model, "bn1", [&](const at::Tensor& output) {
            normed = output;
            return at::Tensor();
        });
        EXPECT_TRUE(model->calls_back());
        EXPECT_TRUE(at::allclose(model->forward(x), expected, 1e-4, 1e-5));
        const auto weights = model->named_parameters();
        const auto buffers = model->named_buffers();
        const int64_t stride = weights["conv1.weight"].size(2) == 7 ? 2 : 1;
        EXPECT_TRUE(at::allclose(
            convolved,
            at::conv2d(x, weights["conv1.weight"], {}, stride, weights["conv1.weight"].size(2) / 2),
            1e-4, 1e-5));
        const auto by_hand = at::batch_norm(convolved, weights["bn1.weight"], weights["bn1.bias"],
                                            buffers["bn1.running_mean"], buffers["bn1.running_var"],
                                            false, .1, 1e-5, false);
        EXPECT_TRUE(at::allclose(normed, by_hand, 1e-4, 1e-5));
        EXPECT_LT(normed.min().item<double>(), 0) << "the ReLU behind it works in place";
        // The convolution and its norm are one operation again.
        layer_of(*model, "conv1")->remove_hook(first);
        EXPECT_TRUE(at::allclose(model->forward(x), expected, 1e-4, 1e-5));
        EXPECT_TRUE(at::allclose(normed, by_hand, 1e-4, 1e-5));
    }
}

TEST(LayerHooks, replace_the_output) {
    for (const auto& model : {make("resnet18"), exported_resnet()}) {
        model->eval();
        const auto scale = at::full({}, 2.0, at::kFloat).requires_grad_();
        const auto x = at::rand({2, 3, 64, 64});
        const auto features = model->features(x, {"layer4"})[0];
        const auto twice =
            add_hook(*model, "layer4", [&](const at::Tensor& output) { return output * scale; });
        const auto weights = model->named_parameters();
        const auto expected =
            at::linear(features.mean({2, 3}) * 2, weights["fc.weight"], weights["fc.bias"]);
        const auto logits = model->forward(x);
        EXPECT_TRUE(at::allclose(logits, expected, 1e-4, 1e-5));
        logits.square().sum().backward();
        EXPECT_NE(scale.grad().item<double>(), 0) << "gradients flow through what a hook returns";
        layer_of(*model, "layer4")->remove_hook(twice);
        EXPECT_FALSE(layer_of(*model, "layer4")->has_hooks());
        EXPECT_FALSE(model->calls_back());
        EXPECT_FALSE(at::allclose(model->forward(x), logits, 1e-4, 1e-5));
    }
}

TEST(LayerHooks, run_one_after_the_other_and_may_remove_themselves) {
    const auto model = make("lenet");
    int calls = 0;
    std::shared_ptr<const LayerHook> own;
    own = add_hook(*model, "fc2", [&](const at::Tensor& output) {
        ++calls;
        layer_of(*model, "fc2")->remove_hook(own);
        return at::zeros_like(output);
    });
    std::vector<double> largest;
    add_hook(*model, "fc2", [&](const at::Tensor& output) {
        largest.push_back(output.abs().max().item<double>());
        return at::Tensor();
    });
    model->forward(at::rand({1, 3, 28, 28}));
    model->forward(at::rand({1, 3, 28, 28}));
    EXPECT_THAT(largest, ElementsAre(0, testing::Gt(0)));
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(layer_of(*model->copy(), "fc2")->has_hooks()) << "a copy shares nothing";
}

TEST(LayerHooks, may_not_change_the_shape) {
    for (const auto& model : {make("resnet18"), exported_resnet()}) {
        add_hook(*model, "fc", [](const at::Tensor& output) { return output.slice(1, 0, 3); });
        EXPECT_THAT(test::error_of([&] {
                        model->forward(at::rand({2, 3, 64, 64}));
                    }),
                    HasSubstr("a forward hook returned a tensor of shape [2, 3], expected [2, "));
    }
}

TEST(LayerHooks, of_features_are_gone_after_an_error) {
    const auto model = make("lenet");
    EXPECT_THAT(test::error_of([&] {
                    model->features(at::rand({1, 3, 28, 28}), {"fc1", "fc9"});
                }),
                HasSubstr("the network has no layer 'fc9'"));
    EXPECT_FALSE(layer_of(*model, "fc1")->has_hooks());
    EXPECT_THAT(test::error_of([&] {
                    model->features(at::rand({1, 2, 28, 28}), {"fc1"});
                }),
                HasSubstr("channel"));
    EXPECT_FALSE(layer_of(*model, "fc1")->has_hooks());
    const auto normalised =
        std::make_shared<NormalisedModel>(model, std::vector<double>{.5}, std::vector<double>{.5});
    EXPECT_EQ(normalised->features(at::rand({1, 3, 28, 28}), {"network.fc1"})[0].size(1), 120);
}

}  // namespace
}  // namespace hfc::model
