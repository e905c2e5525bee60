#include "detection/retinanet.h"

#include "base/error.h"
#include "base/random.h"
#include "detection/boxes.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::detection {
namespace {

using model::Convolution;

struct Network {
    std::string name;
    std::vector<int64_t> blocks;
    bool bottleneck;
    int64_t width;        ///< of the first stage of the body
    int64_t pyramid;      ///< channels of the pyramid and the heads
    int64_t anchor_size;  ///< of the first level
};

const std::vector<Network>& networks() {
    static const std::vector<Network> all = {
        {"retinanet_resnet50_fpn", {3, 4, 6, 3}, true, 64, 256, 32},
        {"retinanet_resnet18_fpn", {2, 2, 2, 2}, false, 64, 256, 32},
        {"retinanet_small", {1, 1, 1, 1}, false, 32, 64, 16},
    };
    return all;
}

const Network& find_network(const std::string& name) {
    const auto found = std::ranges::find(networks(), name, &Network::name);
    if (found == networks().end()) {
        fail("unknown detector '{}'{}: expected one of {}", name,
             did_you_mean(name, known_detectors()), fmt::join(known_detectors(), ", "));
    }
    return *found;
}

std::shared_ptr<Convolution> same_size(int64_t in, int64_t out, int64_t kernel,
                                       int64_t stride = 1) {
    return std::make_shared<Convolution>(
        in, out, kernel,
        Convolution::Settings{.stride = stride, .padding = kernel / 2, .bias = true});
}

/// A module that contains others under numbers or names.
using Group = std::shared_ptr<torch::nn::Module>;

Group add_group(torch::nn::Module& owner, const std::string& name) {
    return owner.register_module(name, std::make_shared<torch::nn::Module>());
}

/// Adds a convolution under the name that torchvision uses for it in a block: "NAME.0".
std::shared_ptr<Convolution> add_block(torch::nn::Module& owner, const std::string& name,
                                       std::shared_ptr<Convolution> convolution) {
    return add_group(owner, name)->register_module("0", std::move(convolution));
}

/// The initial value of a weight depends only on the seed and the weight's name.
void initialise(Detector& detector, uint64_t seed) {
    const at::NoGradGuard no_grad;
    for (auto& entry : detector.named_parameters()) {
        auto& weight = entry.value();
        const auto& name = entry.key();
        const auto generator = [&] { return make_generator(seed, "detector " + name); };
        if (name == "head.classification_head.cls_logits.bias") {
            weight.fill_(-std::log(99.0));
        }
        if (weight.dim() < 2) {
            continue;
        }
        if (name.starts_with("head.")) {
            weight.normal_(0, 0.01, generator());
        } else if (name.starts_with("backbone.fpn.")) {
            const auto bound = std::sqrt(3.0 / static_cast<double>(weight[0].numel()));
            weight.uniform_(-bound, bound, generator());
        } else {
            const auto fan_out = weight.size(0) * weight[0][0].numel();
            weight.normal_(0, std::sqrt(2.0 / static_cast<double>(fan_out)), generator());
        }
    }
}

/// [n, 9 values, H, W] -> [n, H W 9, values].
at::Tensor by_anchor(const at::Tensor& map, int64_t values) {
    return map.permute({0, 2, 3, 1}).reshape({map.size(0), -1, values});
}

}  // namespace

/// Feature maps of five sizes, each with the channels of the pyramid.
class Detector::Pyramid : public torch::nn::Module {
  public:
    Pyramid(const std::vector<int64_t>& widths, int64_t channels) {
        const auto inner = add_group(*this, "inner_blocks");
        for (size_t i = 0; i < widths.size(); ++i) {
            inner_.push_back(
                add_block(*inner, std::to_string(i), same_size(widths[i], channels, 1)));
        }
        const auto layers = add_group(*this, "layer_blocks");
        for (size_t i = 0; i < widths.size(); ++i) {
            layers_.push_back(
                add_block(*layers, std::to_string(i), same_size(channels, channels, 3)));
        }
        const auto extra = add_group(*this, "extra_blocks");
        p6_ = extra->register_module("p6", same_size(channels, channels, 3, 2));
        p7_ = extra->register_module("p7", same_size(channels, channels, 3, 2));
    }

    std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps) const {
        std::vector<at::Tensor> results(maps.size());
        at::Tensor last;
        for (size_t i = maps.size(); i-- > 0;) {
            auto lateral = inner_[i]->forward(maps[i]);
            if (last.defined()) {
                lateral = lateral + at::upsample_nearest2d(last, lateral.sizes().slice(2));
            }
            last = lateral;
            results[i] = layers_[i]->forward(last);
        }
        results.push_back(p6_->forward(results.back()));
        results.push_back(p7_->forward(at::relu(results.back())));
        return results;
    }

  private:
    std::vector<std::shared_ptr<Convolution>> inner_, layers_;
    std::shared_ptr<Convolution> p6_, p7_;
};

/// Four convolutions and one that outputs `values` numbers per anchor; shared by all levels.
class Detector::Head : public torch::nn::Module {
  public:
    Head(int64_t channels, int64_t values, const std::string& last) : values_(values) {
        const auto group = add_group(*this, "conv");
        for (int i = 0; i < 4; ++i) {
            layers_.push_back(
                add_block(*group, std::to_string(i), same_size(channels, channels, 3)));
        }
        last_ = register_module(last, same_size(channels, anchors_a_place * values, 3));
    }

    at::Tensor forward(at::Tensor x) const {
        for (const auto& layer : layers_) {
            x = layer->forward(x).relu_();
        }
        return by_anchor(last_->forward(x), values_);
    }

  private:
    int64_t values_;
    std::vector<std::shared_ptr<Convolution>> layers_;
    std::shared_ptr<Convolution> last_;
};

Detector::Detector(const std::string& name, const DetectorOptions& options)
    : Model(name), options_(options) {
    const auto& network = find_network(name);
    if (options_.anchor_size == 0) {
        options_.anchor_size = network.anchor_size;
    }
    const auto backbone = add_group(*this, "backbone");
    body_module_ = add_group(*backbone, "body");
    model::ResNetSettings body{network.blocks, network.bottleneck, network.width};
    body.norm = options.frozen_norms ? model::NormKind::frozen : model::NormKind::trained;
    body.epsilon = options.norm_epsilon;
    body_ = model::ResNetLayers(*body_module_, body);
    const auto& widths = body_.widths();
    pyramid_ = backbone->register_module(
        "fpn", std::make_shared<Pyramid>(std::vector<int64_t>(widths.begin() + 1, widths.end()),
                                         network.pyramid));
    const auto head = add_group(*this, "head");
    classification_ = head->register_module(
        "classification_head",
        std::make_shared<Head>(network.pyramid, options.classes, "cls_logits"));
    regression_ = head->register_module("regression_head",
                                        std::make_shared<Head>(network.pyramid, 4, "bbox_reg"));
}

HeadOutput Detector::heads(const at::Tensor& prepared) {
    auto maps = body_.forward(prepared);
    maps.erase(maps.begin());
    HeadOutput output;
    for (const auto& map : pyramid_->forward(maps)) {
        output.logits.push_back(classification_->forward(map));
        output.codes.push_back(regression_->forward(map));
        output.maps.push_back({map.size(2), map.size(3)});
    }
    return output;
}

at::Tensor Detector::forward(const at::Tensor& images) {
    model::require_images(images, *this, 3);
    const auto output = heads(prepare(images.unbind(0)).images);
    return at::cat({at::cat(output.logits, 1), at::cat(output.codes, 1)}, 2);
}

std::vector<at::Tensor> Detector::anchors_of(const HeadOutput& output,
                                             const Prepared& prepared) const {
    auto anchors = make_anchors(output.maps, {prepared.images.size(2), prepared.images.size(3)},
                                options_.anchor_size);
    for (auto& one : anchors) {
        one = one.to(prepared.images.device());
    }
    return anchors;
}

std::vector<Found> Detector::detect(const std::vector<at::Tensor>& pictures) {
    const at::NoGradGuard no_grad;
    const auto prepared = prepare(pictures);
    const auto output = heads(prepared.images);
    const auto anchors = anchors_of(output, prepared);
    std::vector<Found> all;
    for (size_t i = 0; i < pictures.size(); ++i) {
        auto found = find(output, static_cast<int64_t>(i), anchors, prepared.sizes[i]);
        const auto ratio = [&](size_t side) {
            return static_cast<float>(prepared.before[i][side]) /
                   static_cast<float>(prepared.sizes[i][side]);
        };
        found.boxes = found.boxes *
                      at::tensor({ratio(1), ratio(0), ratio(1), ratio(0)}, found.boxes.options());
        all.push_back(std::move(found));
    }
    return all;
}

Found Detector::find(const HeadOutput& output, int64_t picture,
                     const std::vector<at::Tensor>& anchors, const MapSize& size) const {
    std::vector<at::Tensor> boxes, scores, labels;
    for (size_t level = 0; level < anchors.size(); ++level) {
        const auto all = output.logits[level][picture].to(at::kFloat).sigmoid().flatten();
        const auto above = (all > options_.score_threshold).nonzero().squeeze(1);
        const auto count = std::min(options_.candidates, above.size(0));
        const auto [best, order] = all.index_select(0, above).topk(count);
        const auto places = above.index_select(0, order);
        const auto anchor = places.floor_divide(options_.classes);
        const auto decoded =
            decode(output.codes[level][picture].to(at::kFloat).index_select(0, anchor),
                   anchors[level].index_select(0, anchor));
        boxes.push_back(clip(decoded, size[0], size[1]));
        scores.push_back(best);
        labels.push_back(places.remainder(options_.classes));
    }
    Found found{at::cat(boxes), at::cat(scores), at::cat(labels)};
    const auto kept = nms_of_labels(found.boxes, found.scores, found.labels, options_.nms_threshold)
                          .slice(0, 0, options_.detections);
    return {found.boxes.index_select(0, kept), found.scores.index_select(0, kept),
            found.labels.index_select(0, kept)};
}

DetectionLoss Detector::loss(const std::vector<at::Tensor>& pictures,
                             const std::vector<Objects>& objects) {
    require(pictures.size() == objects.size(), "expected objects for {} images, got objects for {}",
            pictures.size(), objects.size());
    const auto prepared = prepare(pictures);
    std::vector<Objects> scaled;
    for (size_t i = 0; i < objects.size(); ++i) {
        const auto& one = objects[i];
        require(one.boxes.size(0) == 0 ||
                    (one.boxes.slice(1, 2, 4) > one.boxes.slice(1, 0, 2)).all().item<bool>(),
                "image {} of the batch has a box whose width or height is not above 0", i + 1);
        require(one.labels.numel() == 0 || (one.labels.min().item<int64_t>() >= 0 &&
                                            one.labels.max().item<int64_t>() < options_.classes),
                "labels must be between 0 and {} (the classes of the detector), but image {} of "
                "the batch has a label outside this range",
                options_.classes - 1, i + 1);
        const auto ratio = [&](size_t side) {
            return static_cast<float>(prepared.sizes[i][side]) /
                   static_cast<float>(prepared.before[i][side]);
        };
        scaled.push_back(
            {one.boxes * at::tensor({ratio(1), ratio(0), ratio(1), ratio(0)}, one.boxes.options()),
             one.labels});
    }
    const auto output = heads(prepared.images);
    return detection_loss(at::cat(output.logits, 1).to(at::kFloat),
                          at::cat(output.codes, 1).to(at::kFloat),
                          at::cat(anchors_of(output, prepared)), scaled);
}

model::ModelPtr Detector::copy() const {
    auto result = make_detector(name(), options_);
    result->class_names = class_names;
    const at::NoGradGuard no_grad;
    const auto copy_all = [](auto&& to, const auto& from) {
        for (auto& entry : to) {
            const auto& original = from[entry.key()];
            entry.value().set_data(original.detach().clone());
            entry.value().requires_grad_(original.requires_grad());
        }
    };
    copy_all(result->named_parameters(), named_parameters());
    copy_all(result->named_buffers(), named_buffers());
    result->train(is_training());
    return result;
}

std::vector<std::string> known_detectors() {
    std::vector<std::string> names;
    std::ranges::transform(networks(), std::back_inserter(names), &Network::name);
    return names;
}

DetectorPtr make_detector(const std::string& name, const DetectorOptions& options) {
    find_network(name);
    const auto at_least = [](const char* option, int64_t value, int64_t least, int64_t most) {
        require(value >= least && value <= most, "{} must be {} to {}, got {}", option, least, most,
                value);
    };
    at_least("classes", options.classes, 1, 100'000);
    at_least("min_size", options.min_size, 1, 100'000);
    at_least("max_size", options.max_size, options.min_size, 100'000);
    at_least("candidates", options.candidates, 1, 1'000'000);
    at_least("detections", options.detections, 1, 1'000'000);
    at_least("anchor_size", options.anchor_size, 0, 10'000);
    at_least("trained_layers", options.trained_layers, 0, 5);
    require(options.score_threshold >= 0 && options.score_threshold <= 1,
            "score_threshold must be in [0,1], got {}", options.score_threshold);
    require(options.nms_threshold >= 0 && options.nms_threshold <= 1,
            "nms_threshold must be in [0,1], got {}", options.nms_threshold);
    require(options.norm_epsilon >= 0 && options.norm_epsilon < 1,
            "norm_epsilon must be in [0,1), got {}", options.norm_epsilon);
    auto detector = std::make_shared<Detector>(name, options);
    initialise(*detector, options.seed);
    model::use_channels_last(*detector);
    const std::vector<std::string> layers = {"layer4", "layer3", "layer2", "layer1", "conv1"};
    for (auto& entry : detector->named_parameters()) {
        const std::string body = "backbone.body.";
        if (!entry.key().starts_with(body) || options.trained_layers == 5) {
            continue;
        }
        const auto end = layers.begin() + options.trained_layers;
        const bool trained = std::any_of(layers.begin(), end, [&](const std::string& layer) {
            return entry.key().starts_with(body + layer);
        });
        entry.value().requires_grad_(trained);
    }
    return detector;
}

}  // namespace hfc::detection
