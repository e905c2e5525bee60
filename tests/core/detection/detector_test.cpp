// RetinaNet and its parts, compared with torchvision's (make_detector.py).
#include "base/error.h"
#include "base/file.h"
#include "detection/anchors.h"
#include "detection/boxes.h"
#include "detection/retinanet.h"
#include "model/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hfc::detection {
namespace {

using test::distance;
using test::error_of;
using testing::HasSubstr;
using Json = nlohmann::json;

const Json& expected() {
    static const Json all = Json::parse(read_file(HFC_FIXTURES "/detection/detector.json"));
    return all;
}

at::Tensor numbers(const Json& list) {
    return at::tensor(list.get<std::vector<double>>(), at::kDouble);
}

/// As make_detector.py has them.
int64_t checksum(const at::Tensor& tensor) {
    const auto flat = tensor.flatten().to(at::kLong);
    return (flat * (at::arange(flat.numel()) % 97 + 1)).sum().item<int64_t>();
}

at::Tensor sample(const at::Tensor& tensor, int64_t count = 150) {
    const auto flat = tensor.detach().contiguous().flatten().to(at::kDouble);
    return flat.slice(0, 0, flat.numel(), std::max<int64_t>(1, flat.numel() / count))
        .slice(0, 0, count);
}

at::Tensor made_boxes(int64_t count, uint64_t stream, double side = 200, bool whole = true) {
    const auto u = test::formula_values(count * 4, stream).reshape({count, 4}).to(at::kFloat);
    auto low = u.slice(1, 0, 2) * side;
    auto size = u.slice(1, 2, 4) * side / 4;
    if (whole) {
        low = low.round();
        size = size.round();
    }
    return at::cat({low, low + size}, 1);
}

std::vector<at::Tensor> pictures() {
    std::vector<at::Tensor> all;
    const std::vector<MapSize> sizes = {{75, 100}, {90, 80}};
    for (size_t i = 0; i < sizes.size(); ++i) {
        const auto [height, width] = sizes[i];
        all.push_back(test::formula_values(3 * height * width, 5000 + i)
                          .to(at::kFloat)
                          .reshape({3, height, width}));
    }
    return all;
}

TEST(anchors, equal_torchvisions) {
    for (const auto& one : expected()["anchors"]) {
        const MapSize size = {one["size"][0], one["size"][1]};
        std::vector<MapSize> maps;
        MapSize map = {size[0] / 8, size[1] / 8};
        for (int level = 0; level < 5; ++level) {
            maps.push_back(map);
            map = {(map[0] + 1) / 2, (map[1] + 1) / 2};
        }
        const auto all = at::cat(make_anchors(maps, size, 32));
        EXPECT_EQ(all.size(0), one["count"].get<int64_t>());
        EXPECT_EQ(checksum(all), one["sum"].get<int64_t>());
    }
    EXPECT_TRUE(at::equal(make_anchors({{1, 1}}, {8, 8}, 32)[0][0],
                          at::tensor({-23.F, -11.F, 23.F, 11.F})));
}

TEST(resized, has_torchvisions_sizes) {
    int64_t total = 0;
    for (int64_t side = 1; side < 1334; ++side) {
        for (const auto longer : {side, side * 4 / 3, side * 2}) {
            const auto [height, width] = resized({side, longer}, 800, 1333);
            total += (height * 3 + width) * (side % 97 + 1);
        }
    }
    EXPECT_EQ(total, expected()["sizes"]["sum"].get<int64_t>());
    EXPECT_EQ(resized({161, 161}, 800, 1333)[0], 799);
}

TEST(nms, has_torchvisions_indices) {
    for (const auto& one : expected()["nms"]) {
        const auto count = one["count"].get<int64_t>();
        const auto threshold = one["threshold"].get<double>();
        const auto boxes = made_boxes(count, static_cast<uint64_t>(40 + count));
        const auto u = test::formula_values(2 * count, static_cast<uint64_t>(50 + count))
                           .reshape({2, count})
                           .to(at::kFloat);
        const auto scores = (u[0] * 200).floor() / 200;
        const auto labels = (u[1] * 7).to(at::kLong);
        const auto list = [](const at::Tensor& indices) {
            return std::vector<int64_t>(indices.const_data_ptr<int64_t>(),
                                        indices.const_data_ptr<int64_t>() + indices.numel());
        };
        EXPECT_EQ(list(nms(boxes, scores, threshold)), one["one"].get<std::vector<int64_t>>())
            << count;
        EXPECT_EQ(list(nms_of_labels(boxes, scores, labels, threshold)),
                  one["labels"].get<std::vector<int64_t>>())
            << count;
    }
}

TEST(match, equals_torchvisions) {
    const auto all =
        at::cat(make_anchors({{12, 16}, {6, 8}, {3, 4}, {2, 2}, {1, 1}}, {96, 128}, 32));
    for (const auto& one : expected()["matches"]) {
        auto boxes = made_boxes(one["count"], one["stream"], 80);
        boxes.slice(1, 2, 4).add_(1);
        const auto found = match(boxes, all);
        EXPECT_EQ(checksum(found + 3), one["sum"].get<int64_t>());
        EXPECT_EQ((found >= 0).sum().item<int64_t>(), one["positive"].get<int64_t>());
    }
    EXPECT_TRUE((match(at::empty({0, 4}), all) == -1).all().item<bool>());
}

TEST(boxes, codes_and_overlaps_equal_torchvisions) {
    const auto& codes = expected()["codes"];
    const auto a = made_boxes(20, 80, 200, false), b = made_boxes(20, 81, 200, false);
    const auto relative = test::formula_values(80, 82).reshape({20, 4}).to(at::kFloat) * 10 - 5;
    EXPECT_LT(distance(encode(a, b), numbers(codes["encoded"])), 1e-5);
    EXPECT_LT(((decode(relative, b).flatten() - numbers(codes["decoded"])) /
               numbers(codes["decoded"]).abs().clamp_min(1))
                  .abs()
                  .max()
                  .item<double>(),
              1e-6);
    EXPECT_LT(distance(iou(a, b), numbers(codes["iou"])), 1e-6);
    EXPECT_LT(distance(generalized_iou(a, b), numbers(codes["generalized"])), 1e-6);
}

DetectorOptions small_pictures() {
    DetectorOptions options;
    options.classes = 5;
    options.min_size = 96;
    options.max_size = 128;
    return options;
}

tensor_file::NamedTensors weights_of(const Detector& detector) {
    tensor_file::NamedTensors all;
    for (const auto& entry : detector.named_parameters()) {
        all.emplace_back(entry.key(), entry.value().detach());
    }
    for (const auto& entry : detector.named_buffers()) {
        all.emplace_back(entry.key(), entry.value().detach());
    }
    return all;
}

/// With weights by formula and trained norms.
class Resnet50 : public testing::Test {
  protected:
    static Detector& trained() {
        static const DetectorPtr detector = [] {
            auto one = make_detector("retinanet_resnet50_fpn", small_pictures());
            test::set_formula_weights(*one);
            one->eval();
            return one;
        }();
        return *detector;
    }

    static DetectorPtr frozen(double epsilon) {
        auto options = small_pictures();
        options.frozen_norms = true;
        options.norm_epsilon = epsilon;
        auto detector = make_detector("retinanet_resnet50_fpn", options);
        detector->load_weights(weights_of(trained()));
        detector->eval();
        return detector;
    }

    static void expect_heads(Detector& detector, const Json& heads) {
        const at::NoGradGuard no_grad;
        const auto output = detector.heads(detector.prepare(pictures()).images);
        EXPECT_LT(distance(sample(at::cat(output.logits, 1)), numbers(heads["logits"])), 1e-4);
        EXPECT_LT(distance(sample(at::cat(output.codes, 1)), numbers(heads["codes"])), 1e-4);
    }

    const Json& reference = expected()["detector"];
};

TEST_F(Resnet50, has_torchvisions_names_and_shapes) {
    std::map<std::string, std::vector<int64_t>> own, wanted;
    for (const auto& [name, tensor] : weights_of(trained())) {
        own[name] = tensor.sizes().vec();
    }
    for (const auto& entry : reference["state"]) {
        wanted[entry[0]] = entry[1].get<std::vector<int64_t>>();
    }
    EXPECT_EQ(own, wanted);
    EXPECT_EQ(model::count_parameters(trained()), reference["parameters"].get<int64_t>());
    EXPECT_EQ(own.size(), 354);
    EXPECT_EQ(weights_of(*frozen(0)).size(), 301);
}

TEST_F(Resnet50, heads_equal_torchvisions) {
    expect_heads(trained(), reference["trained"]);
    expect_heads(*frozen(0), reference["frozen_0"]);
    expect_heads(*frozen(1e-5), reference["frozen_1e-5"]);
}

TEST_F(Resnet50, detections_equal_torchvisions) {
    const auto found = trained().detect(pictures());
    for (size_t i = 0; i < found.size(); ++i) {
        const auto& wanted = reference["detections"][i];
        EXPECT_EQ(found[i].scores.size(0), wanted["count"].get<int64_t>());
        const auto first = [](const at::Tensor& all) { return all.slice(0, 0, 40); };
        EXPECT_LT(distance(first(found[i].labels), numbers(wanted["labels"])), 1e-9);
        EXPECT_LT(distance(first(found[i].scores), numbers(wanted["scores"])), 1e-5);
        EXPECT_LT(distance(first(found[i].boxes), numbers(wanted["boxes"])), 1e-2);
    }
}

TEST_F(Resnet50, losses_and_gradients_equal_torchvisions) {
    const auto detector = frozen(1e-5);
    detector->train();
    auto boxes = made_boxes(3, 90, 60);
    boxes.slice(1, 2, 4).add_(5);
    const auto loss = detector->loss(pictures(), {{boxes, at::tensor({0, 3, 4}, at::kLong)},
                                                  {at::empty({0, 4}), at::empty({0}, at::kLong)}});
    const auto& wanted = reference["loss"];
    EXPECT_NEAR(loss.classification.item<double>() / wanted["classification"].get<double>(), 1,
                1e-5);
    EXPECT_NEAR(loss.boxes.item<double>(), wanted["boxes"].get<double>(), 1e-5);
    (loss.classification + loss.boxes).backward();
    for (const auto& [name, values] : wanted["gradients"].items()) {
        const auto gradient = sample(detector->named_parameters()[name].grad(), 20);
        const auto reference_values = numbers(values);
        const auto scale = std::max(1.0, reference_values.abs().max().item<double>());
        EXPECT_LT(distance(gradient, reference_values) / scale, 1e-5) << name;
    }
}

TEST_F(Resnet50, names_of_older_files_are_renamed) {
    auto weights = weights_of(trained());
    for (auto& [name, tensor] : weights) {
        for (int i = 0; i < 4; ++i) {
            const auto now = fmt::format("conv.{}.0.", i);
            if (const auto place = name.find("head.conv." + std::to_string(i) + ".0.");
                place != std::string::npos) {
                name.replace(name.find(now), now.size(), fmt::format("conv.{}.", 2 * i));
                break;
            }
        }
        for (const std::string blocks : {"inner_blocks.", "layer_blocks."}) {
            if (const auto place = name.find(blocks); place != std::string::npos) {
                name.erase(place + blocks.size() + 1, 2);
            }
        }
    }
    auto detector = make_detector("retinanet_resnet50_fpn", small_pictures());
    detector->load_weights(weights);
    detector->eval();
    expect_heads(*detector, reference["trained"]);
}

TEST(detector, refuses_weights_that_do_not_fit) {
    auto detector = make_detector("retinanet_small", small_pictures());
    auto weights = weights_of(*detector);
    EXPECT_EQ(error_of([&] {
                  auto fewer = weights;
                  std::erase_if(fewer, [](const auto& one) {
                      return one.first == "backbone.fpn.extra_blocks.p6.bias";
                  });
                  detector->load_weights(fewer);
              }),
              "the weights do not match retinanet_small: 'backbone.fpn.extra_blocks.p6.bias' is "
              "missing");
    EXPECT_EQ(error_of([&] {
                  auto more = weights;
                  more.emplace_back("x", at::ones({1}));
                  detector->load_weights(more);
              }),
              "the weights do not match retinanet_small: unexpected 'x'");
    auto options = small_pictures();
    options.classes = 7;
    EXPECT_THAT(error_of([&] { make_detector("retinanet_small", options)->load_weights(weights); }),
                HasSubstr("'head.classification_head.cls_logits.bias' must be [63], found [45]; "
                          "these weights are for 5 classes, so set the option 'classes' to 5"));
    EXPECT_THAT(error_of([] { make_detector("retinanet_smal"); }),
                HasSubstr("unknown detector 'retinanet_smal' (did you mean 'retinanet_small'?)"));
}

TEST(detector, refuses_objects_without_a_size) {
    auto detector = make_detector("retinanet_small", small_pictures());
    const auto boxes = at::tensor({1.F, 1.F, 1.F, 5.F}).view({1, 4});
    EXPECT_THAT(error_of([&] {
                    detector->loss({at::rand({3, 96, 96})}, {{boxes, at::zeros({1}, at::kLong)}});
                }),
                HasSubstr("image 1 of the batch has a box whose width or height is not above 0"));
}

TEST(detector, a_copy_gives_the_same) {
    auto detector = make_detector("retinanet_small", small_pictures());
    detector->eval();
    const at::NoGradGuard no_grad;
    const auto images = at::rand({1, 3, 96, 96});
    EXPECT_TRUE(at::equal(detector->copy()->forward(images), detector->forward(images)));
}

}  // namespace
}  // namespace hfc::detection
