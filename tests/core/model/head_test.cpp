// Networks that get another last layer.
#include "model/exported/exported_model.h"
#include "model/exported/program.h"
#include "model/exported/saved.h"
#include "model/normalised.h"
#include "model/reference.h"
#include "model/state.h"

#include "scratch_folder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace hfc::model {
namespace {

using Json = nlohmann::json;

std::string head_fixture(const std::string& name) {
    return HFC_FIXTURES "/exported/" + name;
}

at::Tensor head_images(const std::string& name, int count) {
    const auto loaded = tensor_file::load(head_fixture(name + ".safetensors"));
    const std::map<std::string, at::Tensor> truth(loaded.begin(), loaded.end());
    return truth.at(fmt::format("x.{}", count)).to(at::kFloat) / 256;
}

/// The last weight, and the last bias.
std::pair<at::Tensor, at::Tensor> head_of(const Model& model) {
    const auto parameters = model.parameters();
    return {parameters[parameters.size() - 2], parameters.back()};
}

class BuiltInHead : public testing::TestWithParam<std::string> {};

TEST_P(BuiltInHead, has_other_classes_and_the_values_of_a_linear_layer) {
    ModelOptions options;
    options.seed = 3;
    const auto model = make(GetParam(), options);
    const auto before = state_of(*model->copy());
    const auto [old_weight, old_bias] = head_of(*model);
    for (auto& parameter : model->parameters()) {
        parameter.requires_grad_(false);
    }
    model->class_names = {"a", "b"};
    model->replace_head(3, 7, "");
    const auto [weight, bias] = head_of(*model);
    ASSERT_EQ(weight.sizes(), (std::vector<int64_t>{3, old_weight.size(1)}));
    ASSERT_EQ(bias.sizes(), (std::vector<int64_t>{3}));
    EXPECT_TRUE(weight.requires_grad() && bias.requires_grad() && weight.is_leaf());
    EXPECT_EQ(old_weight.size(0), 10) << "whoever holds the old one keeps it";
    const auto bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
    EXPECT_LE(weight.abs().max().item<double>(), bound);
    EXPECT_GT(weight.abs().max().item<double>(), .8 * bound);
    EXPECT_LE(bias.abs().max().item<double>(), bound);
    EXPECT_GT(bias.abs().max().item<double>(), 0);
    EXPECT_TRUE(model->class_names.empty());
    const auto after = state_of(*model);
    ASSERT_EQ(after.size(), before.size());
    for (size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(after[i].first, before[i].first);
        const bool of_head = i >= before.size() - model->buffers().size() - 2 &&
                             i < before.size() - model->buffers().size();
        EXPECT_EQ(after[i].second.equal(before[i].second), !of_head) << after[i].first;
    }
    model->eval();
    const auto copy = model->copy();
    const at::NoGradGuard no_grad;
    const auto x = at::rand({2, 3, 32, 32});
    EXPECT_EQ(model->forward(x).size(1), 3);
    EXPECT_TRUE(copy->forward(x).equal(model->forward(x)));
    EXPECT_EQ(model->origin->options.classes, 3);
    // The same seed gives the same values.
    copy->replace_head(3, 7, "");
    EXPECT_TRUE(head_of(*copy).first.equal(weight));
    copy->replace_head(3, 8, "");
    EXPECT_FALSE(head_of(*copy).first.equal(weight));
}

INSTANTIATE_TEST_SUITE_P(Of, BuiltInHead,
                         testing::Values("preact_resnet8", "resnet20", "resnet18", "vgg11",
                                         "alexnet", "lenet"),
                         [](const auto& tested) { return tested.param; });

TEST(BuiltInHead, of_a_classifier_of_several_layers_is_its_last) {
    const auto model = make("alexnet", {.form = "torchvision"});
    model->replace_head(2, 0, "classifier.6");
    EXPECT_EQ(model->named_parameters()["classifier.4.weight"].size(0), 4096);
    EXPECT_EQ(model->named_parameters()["classifier.6.weight"].size(0), 2);
}

TEST(BuiltInHead, is_not_replaced_for_wrong_input) {
    const auto model = make("resnet20");
    for (const int64_t classes : {int64_t{0}, int64_t{-3}, int64_t{1} << 40}) {
        EXPECT_EQ(test::error_of([&] { model->replace_head(classes, 0, ""); }),
                  fmt::format("classes must be between 1 and 1000000, got {}", classes));
    }
    for (const auto* const layer : {"layer1.0.conv1", "fc", "layer9"}) {
        EXPECT_EQ(
            test::error_of([&] { model->replace_head(5, 0, layer); }),
            fmt::format("the head must be the last linear layer of the network, 'linear'; got '{}'",
                        layer));
    }
    EXPECT_EQ(head_of(*model).first.size(0), 10);
    const auto normalised =
        std::make_shared<NormalisedModel>(model, std::vector<double>{.5}, std::vector<double>{.5});
    normalised->replace_head(4, 0, "network.linear");
    EXPECT_EQ(normalised->forward(at::rand({2, 3, 32, 32})).size(1), 4);
    normalised->replace_head(6, 0, "linear");
    EXPECT_EQ(normalised->copy()->forward(at::rand({2, 3, 32, 32})).size(1), 6);
}

class ExportedHead : public testing::TestWithParam<std::string> {};

TEST_P(ExportedHead, of_the_first_rows_gives_the_first_logits) {
    const auto model = load_exported(head_fixture(GetParam() + ".pt2"));
    const auto [old_weight, old_bias] = head_of(*model);
    const auto x = head_images(GetParam(), 7);
    model->eval();
    const at::NoGradGuard no_grad;
    const auto expected = model->forward(x).slice(1, 0, 3);
    model->replace_head(3, 1, "");
    const auto [weight, bias] = head_of(*model);
    ASSERT_EQ(weight.size(0), 3);
    const auto bound = 1 / std::sqrt(static_cast<double>(weight.numel() / 3));
    EXPECT_LE(weight.abs().max().item<double>(), bound);
    EXPECT_FALSE(weight.equal(old_weight.slice(0, 0, 3)));
    EXPECT_TRUE(weight.requires_grad() && bias.requires_grad());
    weight.copy_(old_weight.slice(0, 0, 3));
    bias.copy_(old_bias.slice(0, 0, 3));
    EXPECT_TRUE(at::allclose(model->forward(x), expected, 1e-4, 1e-5));
    EXPECT_TRUE(at::allclose(model->copy()->forward(x), expected, 1e-4, 1e-5));
    // Its file says the new number of classes.
    auto tensors = state_of(*model);
    const auto metadata = describe_exported(*model, tensors);
    const auto again = rebuild_exported(tensors, metadata, "net.safetensors");
    again->eval();
    EXPECT_TRUE(at::allclose(again->forward(x), expected, 1e-4, 1e-5));
    // More classes than before, and as many as before.
    for (const int64_t classes : {int64_t{1000}, int64_t{5}, int64_t{1}}) {
        model->replace_head(classes, 0, "");
        EXPECT_EQ(model->forward(x).size(1), classes);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, ExportedHead,
                         testing::Values("resnet_eval", "mobilenet_v3_train", "efficientnet_eval",
                                         "vit_eval", "swin_train", "convnext_eval",
                                         "densenet_train", "timm_resnetv2_eval"),
                         [](const auto& tested) { return tested.param; });

TEST(ExportedHead, learns) {
    const auto model = load_exported(head_fixture("timm_resnetv2_train.pt2"));
    model->replace_head(2, 0, "head.fc");
    const auto x = head_images("timm_resnetv2_train", 2);
    const auto before = model->forward(x);
    at::log_softmax(before, 1).select(1, 0).sum().backward();
    const auto [weight, bias] = head_of(*model);
    ASSERT_EQ(weight.grad().sizes(), weight.sizes());
    const at::NoGradGuard no_grad;
    weight.add_(weight.grad(), .1);
    bias.add_(bias.grad(), .1);
    const auto step = model->forward(x) - before;
    EXPECT_GT((step.select(1, 0) - step.select(1, 1)).min().item<double>(), 0);
}

/// The narrow ResNet with a node more behind its graph, which is the output if it has that name.
std::shared_ptr<ExportedModel> with_node(const Json& node, const std::string& output) {
    const auto model = load_exported(head_fixture("resnet_eval.pt2"));
    auto json = Json::parse(model->program().json);
    auto& module = json["graph_module"];
    auto& graph = module["graph"];
    graph["nodes"].push_back(node);
    graph["tensor_values"][node["name"].get<std::string>()] = graph["tensor_values"]["linear"];
    graph["outputs"][0]["as_tensor"]["name"] = output;
    module["signature"]["output_specs"][0]["user_output"]["arg"]["as_tensor"]["name"] = output;
    auto state = state_of(*model);
    const auto constants = model->constants();
    state.insert(state.end(), constants.begin(), constants.end());
    return std::make_shared<ExportedModel>(
        std::make_shared<const exported::Program>(exported::parse_program(json.dump())),
        std::map<std::string, at::Tensor>(state.begin(), state.end()), "edited");
}

Json tensor_input(const char* name, const char* tensor) {
    return {{"name", name}, {"arg", {{"as_tensor", {{"name", tensor}}}}}, {"kind", 1}};
}

Json node_of(const char* name, const char* target, std::vector<Json> inputs) {
    return {{"name", name},
            {"target", target},
            {"inputs", std::move(inputs)},
            {"outputs", Json::array({{{"as_tensor", {{"name", name}}}}})},
            {"metadata", Json::object()}};
}

TEST(ExportedHead, changes_the_sizes_of_a_reshape_behind_it) {
    const auto model =
        with_node(node_of("view", "torch.ops.aten.view.default",
                          {tensor_input("self", "linear"),
                           {{"name", "size"}, {"arg", {{"as_ints", {-1, 5}}}}, {"kind", 1}}}),
                  "view");
    model->eval();
    EXPECT_EQ(model->forward(at::rand({2, 3, 64, 64})).size(1), 5);
    model->replace_head(3, 0, "fc");
    EXPECT_EQ(model->forward(at::rand({2, 3, 64, 64})).size(1), 3);
}

TEST(ExportedHead, is_not_replaced_for_wrong_input) {
    const auto model = load_exported(head_fixture("resnet_eval.pt2"));
    EXPECT_EQ(test::error_of([&] { model->replace_head(0, 0, ""); }),
              "classes must be between 1 and 1000000, got 0");
    EXPECT_EQ(test::error_of([&] { model->replace_head(3, 0, "layer1"); }),
              "the head must be the last linear layer of the network, 'fc'; got 'layer1'");
    EXPECT_EQ(model->forward(at::rand({2, 3, 64, 64})).size(1), 5);
    const auto error = [](const Json& node, const char* output) {
        return test::error_of([&] { with_node(node, output)->replace_head(3, 0, ""); });
    };
    EXPECT_EQ(error(node_of("mixed", "torch.ops.aten.add.Tensor",
                            {tensor_input("self", "linear"), tensor_input("other", "flatten")}),
                    "mixed"),
              "node 'mixed' combines the output of the last linear layer 'fc' with other values");
    EXPECT_EQ(error(node_of("scaled", "torch.ops.aten.mul.Tensor",
                            {tensor_input("self", "linear"), tensor_input("other", "p_fc_bias")}),
                    "scaled"),
              "the last operator with weights is neither a linear layer nor a 1x1 convolution: "
              "node 'scaled' (torch.ops.aten.mul.Tensor)");
    EXPECT_EQ(
        error(node_of("again", "torch.ops.aten.linear.default",
                      {tensor_input("input", "flatten"), tensor_input("weight", "p_fc_weight")}),
              "again"),
        "the last linear layer 'fc' shares its weights with another layer");
    EXPECT_EQ(
        error(node_of("other", "torch.ops.aten.relu.default", {tensor_input("self", "flatten")}),
              "other"),
        "the network's output does not come from its last linear layer 'fc'");
}

}  // namespace
}  // namespace hfc::model
