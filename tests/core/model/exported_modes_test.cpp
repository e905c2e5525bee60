// What networks from files do beyond PyTorch's numbers: modes, folding, statistics, copies, files
// that are wrong.
#include "model/exported/exported_model.h"
#include "model/exported/saved.h"
#include "model/features.h"
#include "model/inference.h"
#include "model/normalised.h"

#include "base/error.h"
#include "base/file.h"
#include "scratch_folder.h"
#include "tensor_file/zip.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hfc::model {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

std::string exported_file(const std::string& name) {
    return HFC_FIXTURES "/exported/" + name;
}

std::map<std::string, at::Tensor> truth_of(const std::string& name) {
    const auto loaded = tensor_file::load(exported_file(name + ".safetensors"));
    return {loaded.begin(), loaded.end()};
}

at::Tensor images_of(const std::map<std::string, at::Tensor>& truth, int count) {
    return truth.at(fmt::format("x.{}", count)).to(at::kFloat) / 256;
}

double relative_distance(const at::Tensor& got, const at::Tensor& expected) {
    const auto truth = expected.to(at::kDouble);
    return ((got.detach().to(at::kDouble) - truth).abs().max() / truth.abs().max()).item<double>();
}

class ExportedModes : public testing::TestWithParam<const char*> {};

TEST_P(ExportedModes, an_export_of_one_mode_computes_what_the_other_does) {
    const std::string name = GetParam();
    const auto evaluated = truth_of(name + "_eval"), trained = truth_of(name + "_train");
    const auto from_train = load_exported(exported_file(name + "_train.pt2"));
    EXPECT_TRUE(from_train->is_training());
    from_train->eval();
    EXPECT_LT(relative_distance(from_train->forward(images_of(evaluated, 7)), evaluated.at("y.7")),
              1e-5);
    const auto from_eval = load_exported(exported_file(name + "_eval.pt2"));
    EXPECT_FALSE(from_eval->is_training());
    from_eval->train();
    for (const int count : {1, 2, 7}) {
        // As the fixture: from the statistics of the file.
        const auto fresh = std::static_pointer_cast<ExportedModel>(from_eval->copy());
        EXPECT_TRUE(fresh->is_training());
        EXPECT_LT(relative_distance(fresh->forward(images_of(trained, count)),
                                    trained.at(fmt::format("y.{}", count))),
                  1e-5);
        for (const auto& buffer : fresh->named_buffers()) {
            if (count == 7 && buffer.key().find("running_mean") != std::string::npos) {
                const auto& expected = trained.at("s." + buffer.key());
                EXPECT_NEAR(buffer.value().norm().item<double>(), expected[0].item<double>(), 1e-5);
            }
            if (buffer.key().find("num_batches") != std::string::npos) {
                EXPECT_EQ(buffer.value().item<int64_t>(), 1);
            }
        }
    }
}

TEST_P(ExportedModes, folded_norms_and_both_layouts_give_the_same) {
    const auto truth = truth_of(std::string(GetParam()) + "_eval");
    const auto model = load_exported(exported_file(std::string(GetParam()) + "_eval.pt2"));
    const at::NoGradGuard no_grad;
    for (const int count : {1, 7}) {
        const auto x = images_of(truth, count);
        const auto& expected = truth.at(fmt::format("y.{}", count));
        EXPECT_LT(relative_distance(model->forward(x), expected), 1e-5);
        const auto other = model->copy();
        use_channels_last(*other);
        EXPECT_LT(relative_distance(other->forward(x.contiguous(at::MemoryFormat::ChannelsLast)),
                                    expected),
                  1e-5);
    }
}

TEST_P(ExportedModes, statistics_of_the_batch_are_those_of_training_mode) {
    const auto truth = truth_of(std::string(GetParam()) + "_train");
    const auto model = load_exported(exported_file(std::string(GetParam()) + "_train.pt2"));
    const auto before = model->copy();
    {
        Inference::Options options;
        options.statistics = {.kind = Statistics::Kind::batch};
        const Inference inference(*model, options);
        const at::NoGradGuard no_grad;
        EXPECT_LT(relative_distance(inference.logits(images_of(truth, 7)), truth.at("y.7")), 1e-5);
    }
    const auto buffers = before->named_buffers();
    for (const auto& buffer : model->named_buffers()) {
        EXPECT_TRUE(buffer.value().equal(buffers[buffer.key()])) << buffer.key();
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, ExportedModes,
                         testing::Values("resnet", "mobilenet_v3", "efficientnet", "densenet"),
                         [](const auto& given) { return std::string(given.param); });

TEST(ExportedNetwork, adapts_its_statistics) {
    const auto truth = truth_of("resnet_eval");
    const auto model = load_exported(exported_file("resnet_eval.pt2"));
    const auto x = images_of(truth, 7);
    Inference::Options options;
    options.statistics = {.kind = Statistics::Kind::adapted, .images = 7, .source_weight = 0};
    Inference inference(*model, options);
    inference.begin_labelled(x, at::zeros({7}, at::kLong));
    const at::NoGradGuard no_grad;
    const auto adapted = inference.logits(x);
    EXPECT_GT(relative_distance(adapted, truth.at("y.7")), 1e-3);
    EXPECT_TRUE(adapted.isfinite().all().item<bool>());
}

TEST(ExportedNetwork, keeps_the_type_of_integers_and_moves_constants) {
    const auto truth = truth_of("swin_eval");
    const auto model = load_exported(exported_file("swin_eval.pt2"));
    // As the bindings do: by the parameters and buffers that they see.
    for (auto& parameter : model->parameters()) {
        parameter.set_data(parameter.detach().to(at::kDouble));
    }
    for (auto& buffer : model->buffers()) {
        if (buffer.is_floating_point()) {
            buffer.set_data(buffer.to(at::kDouble));
        }
    }
    EXPECT_LT(
        relative_distance(model->forward(images_of(truth, 2).to(at::kDouble)), truth.at("y.2")),
        1e-12);
}

TEST(ExportedNetwork, gives_features_of_layers) {
    const auto truth = truth_of("resnet_eval");
    const auto model = load_exported(exported_file("resnet_eval.pt2"));
    const auto x = images_of(truth, 2);
    const at::NoGradGuard no_grad;
    const auto given = model->features(x, {"fc", "layer1", "layer4.0.conv1"});
    EXPECT_LT(relative_distance(given[0], truth.at("y.2")), 1e-5);
    EXPECT_EQ(given[1].sizes(), (std::vector<int64_t>{2, 4, 16, 16}));
    EXPECT_GE(given[1].min().item<double>(), 0);  // behind the last ReLU
    EXPECT_EQ(given[2].sizes(), (std::vector<int64_t>{2, 32, 2, 2}));
    EXPECT_THROW(model->features(x, {"layer9"}), Error);
    const auto normalised = std::make_shared<NormalisedModel>(
        model, std::vector<double>{.5, .5, .5}, std::vector<double>{.25, .25, .25});
    EXPECT_LT(relative_distance(normalised->forward(x * .25 + .5), truth.at("y.2")), 1e-5);
    EXPECT_LT(relative_distance(normalised->features(x * .25 + .5, {"fc"})[0], truth.at("y.2")),
              1e-5);
}

TEST(BuiltInNetwork, gives_features_of_layers) {
    const auto model = make("resnet20");
    model->eval();
    const auto x = at::rand({3, 3, 32, 32});
    const at::NoGradGuard no_grad;
    const auto given = model->features(x, {"linear", "layer3", "layer1.0.bn1", "conv1"});
    EXPECT_LT(relative_distance(given[0], model->forward(x)), 1e-5);
    EXPECT_LT(relative_distance(
                  at::linear(given[1].mean({2, 3}), model->named_parameters()["linear.weight"],
                             model->named_parameters()["linear.bias"]),
                  given[0]),
              1e-5);
    EXPECT_EQ(given[2].sizes(), (std::vector<int64_t>{3, 16, 32, 32}));
    EXPECT_LT(relative_distance(at::conv2d(x, model->named_parameters()["conv1.weight"], {}, 1, 1),
                                given[3]),
              1e-5);
}

TEST(ExportedNetwork, comes_back_from_a_file_that_is_whole_in_itself) {
    for (const auto* const name : {"swin_eval", "efficientnet_train"}) {
        const auto truth = truth_of(name);
        const auto model = load_exported(exported_file(std::string(name) + ".pt2"));
        tensor_file::NamedTensors tensors;
        const auto metadata = describe_exported(*model, tensors);
        for (const auto& parameter : model->named_parameters()) {
            tensors.emplace_back(parameter.key(), parameter.value().detach());
        }
        for (const auto& buffer : model->named_buffers()) {
            tensors.emplace_back(buffer.key(), buffer.value());
        }
        const test::ScratchFolder scratch("exported");
        const auto path = scratch.path() / "net.safetensors";
        tensor_file::save(path, tensors, metadata);
        tensor_file::Metadata read;
        const auto loaded = tensor_file::load(path, &read);
        ASSERT_TRUE(describes_exported(read));
        const auto again = rebuild_exported(loaded, read, path);
        EXPECT_LT(relative_distance(again->forward(images_of(truth, 7)), truth.at("y.7")), 1e-5);
        EXPECT_EQ(count_parameters(*again), count_parameters(*model));
    }
}

/// A fixture's archive with its graph or the description of its weights changed.
std::string error_of(const std::function<void(Json& graph, Json& weights)>& edit) {
    tensor_file::ZipReader archive(exported_file("mobilenet_v3_eval.pt2"));
    std::map<std::string, std::string> members;
    std::string graph_name, weights_name;
    for (const auto& member : archive.members()) {
        members[member.name] = archive.read(member);
        graph_name = member.name.ends_with("models/model.json") ? member.name : graph_name;
        weights_name =
            member.name.ends_with("model_weights_config.json") ? member.name : weights_name;
    }
    auto graph = Json::parse(members[graph_name]);
    auto weights = Json::parse(members[weights_name]);
    edit(graph, weights);
    members[graph_name] = graph.dump();
    members[weights_name] = weights.dump();
    tensor_file::ZipWriter writer;
    for (const auto& [name, content] : members) {
        writer.add(name, content, at::empty({0}));
    }
    std::string bytes;
    writer.finish([&](std::string_view piece) { bytes += piece; });
    const test::ScratchFolder scratch("exported");
    write_file(scratch.path() / "net.pt2", bytes);
    try {
        load_exported(scratch.path() / "net.pt2")->forward(at::rand({4, 3, 32, 32}));
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}

Json& node(Json& graph, int index) {
    return graph["graph_module"]["graph"]["nodes"][static_cast<size_t>(index)];
}

TEST(WrongExport, names_the_schema) {
    EXPECT_THAT(error_of([](Json& graph, Json&) { graph["schema_version"]["major"] = 9; }),
                HasSubstr("version 9 of torch.export's schema, expected 8"));
}

TEST(WrongExport, names_node_and_layer_of_an_operator_that_is_not_allowed) {
    for (const auto* const target :
         {"torch.ops.aten.from_file.default", "torch.ops.aten.conv9d.default",
          "torch.ops.aten.set_.source_Storage", "torch.ops.mylib.evil.default", "os.system",
          "torch.ops.aten.item.default", "torch.ops.aten.add.out", "_operator.pow"}) {
        EXPECT_THAT(
            error_of([&](Json& graph, Json&) { node(graph, 3)["target"] = target; }),
            HasSubstr(fmt::format("layer 'features.1.block.0.0', node 'conv2d_1' ({}): ", target)));
    }
}

TEST(WrongExport, is_refused_for_names_and_order) {
    EXPECT_THAT(
        error_of([](Json& graph, Json&) { node(graph, 5)["outputs"] = node(graph, 4)["outputs"]; }),
        HasSubstr("'batch_norm_1' is defined twice"));
    EXPECT_THAT(error_of([](Json& graph, Json&) {
                    auto& nodes = graph["graph_module"]["graph"]["nodes"];
                    std::ranges::reverse(nodes);
                }),
                HasSubstr("which is not yet defined"));
    EXPECT_THAT(error_of([](Json& graph, Json&) {
                    auto& module = graph["graph_module"];
                    for (auto* outputs :
                         {&module["signature"]["output_specs"], &module["graph"]["outputs"]}) {
                        outputs->push_back((*outputs)[0]);
                    }
                }),
                HasSubstr("outputs other than one tensor of logits"));
}

TEST(WrongExport, is_refused_for_weights_outside_of_the_file) {
    for (const auto& [key, value] : std::map<std::string, Json>{
             {"storage_offset", {{"as_int", 1}}},
             {"strides",
              Json::array({{{"as_int", 999}}, {{"as_int", 9}}, {{"as_int", 3}}, {{"as_int", 1}}})},
             {"sizes", Json::array({{{"as_int", int64_t{1} << 62}},
                                    {{"as_int", 3}},
                                    {{"as_int", 3}},
                                    {{"as_int", 3}}})}}) {
        EXPECT_THAT(error_of([&, &k = key, &v = value](Json&, Json& weights) {
                        weights["config"]["features.0.0.weight"]["tensor_meta"][k] = v;
                    }),
                    HasSubstr("its tensor 'features.0.0.weight': it extends beyond the"));
    }
}

TEST(WrongExport, is_refused_for_sizes_that_are_huge_or_lie) {
    const auto with_factory = [](int64_t size, int64_t claimed) {
        return error_of([=](Json& graph, Json&) {
            auto& inner = graph["graph_module"]["graph"];
            inner["nodes"].insert(
                inner["nodes"].begin(),
                Json{{"target", "torch.ops.aten.zeros.default"},
                     {"inputs", {{{"name", "size"}, {"arg", {{"as_ints", {size}}}}, {"kind", 1}}}},
                     {"outputs", {{{"as_tensor", {{"name", "made"}}}}}},
                     {"metadata", Json::object()},
                     {"name", "made"}});
            auto meta = inner["tensor_values"].begin().value();
            meta["sizes"] = Json::array({{{"as_int", claimed}}});
            inner["tensor_values"]["made"] = meta;
        });
    };
    EXPECT_THAT(with_factory(int64_t{1} << 40, int64_t{1} << 40), HasSubstr("which is too large"));
    EXPECT_THAT(with_factory(int64_t{1} << 25, 3),
                HasSubstr("node 'made' (torch.ops.aten.zeros.default): it produces a tensor of "
                          "shape [33554432], but the file specifies [3]"));
    EXPECT_EQ(with_factory(3, 3), "no error");
}

TEST(WrongExport, for_one_batch_size_says_so) {
    EXPECT_THAT(
        error_of([](Json& graph, Json&) {
            auto& module = graph["graph_module"];
            const auto name = module["signature"]["input_specs"]
                                  .back()["user_input"]["arg"]["as_tensor"]["name"]
                                  .get<std::string>();
            module["graph"]["tensor_values"][name]["sizes"][0] = {{"as_int", 2}};
        }),
        HasSubstr(
            "exported for a batch size of 2, got 4 images; export it again with dynamic_shapes"));
}

}  // namespace
}  // namespace hfc::model
