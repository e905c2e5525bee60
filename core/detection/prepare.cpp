#include "base/dtype_name.h"
#include "base/error.h"
#include "detection/retinanet.h"
#include "model/normalised.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace hfc::detection {

MapSize resized(const MapSize& size, int64_t min_size, int64_t max_size) {
    const auto [shortest, longest] = std::minmax(size[0], size[1]);
    const auto scale = std::min(static_cast<double>(min_size) / static_cast<double>(shortest),
                                static_cast<double>(max_size) / static_cast<double>(longest));
    const auto side = [&](int64_t n) {
        return static_cast<int64_t>(std::floor(static_cast<double>(n) * scale));
    };
    return {side(size[0]), side(size[1])};
}

Prepared Detector::prepare(const std::vector<at::Tensor>& pictures) const {
    require(!pictures.empty(), "expected at least one image");
    const auto device = model::device_of(*this);
    const auto options = at::TensorOptions(device).dtype(at::kFloat);
    const auto mean = at::tensor(model::imagenet_mean, options).view({1, 3, 1, 1});
    const auto deviation = at::tensor(model::imagenet_deviation, options).view({1, 3, 1, 1});
    Prepared prepared;
    std::vector<at::Tensor> images;
    MapSize largest{0, 0};
    for (const auto& picture : pictures) {
        require(picture.dim() == 3 && picture.size(0) == 3 && picture.size(1) > 0 &&
                    picture.size(2) > 0 && picture.scalar_type() == at::kFloat,
                "an image must be float32 [3, H, W], got {} [{}]",
                dtype_name(picture.scalar_type()), fmt::join(picture.sizes(), ", "));
        const MapSize before{picture.size(1), picture.size(2)};
        const auto size = resized(before, options_.min_size, options_.max_size);
        require(size[0] > 0 && size[1] > 0,
                "an image of {} x {} pixels cannot be resized: its shorter side would be less than "
                "one pixel",
                before[0], before[1]);
        auto image = (picture.to(device).unsqueeze(0) - mean) / deviation;
        if (size != before) {
            image = at::upsample_bilinear2d(image, {size[0], size[1]}, /*align_corners=*/false);
        }
        images.push_back(image);
        prepared.before.push_back(before);
        prepared.sizes.push_back(size);
        largest = {std::max(largest[0], size[0]), std::max(largest[1], size[1])};
    }
    const auto padded = [](int64_t n) { return (n + 31) / 32 * 32; };
    prepared.images =
        at::zeros({static_cast<int64_t>(images.size()), 3, padded(largest[0]), padded(largest[1])},
                  options.memory_format(at::MemoryFormat::ChannelsLast));
    for (size_t i = 0; i < images.size(); ++i) {
        prepared.images.narrow(0, static_cast<int64_t>(i), 1)
            .slice(2, 0, prepared.sizes[i][0])
            .slice(3, 0, prepared.sizes[i][1])
            .copy_(images[i]);
    }
    return prepared;
}

namespace {

/// Converts a name from older files of torchvision, in which the convolutions were not yet blocks.
std::string renamed(const std::string& name) {
    for (const auto* head : {"head.classification_head.conv.", "head.regression_head.conv."}) {
        const std::string prefix = head;
        if (name.starts_with(prefix)) {
            const auto rest = name.substr(prefix.size());  // "2.weight"
            const auto number = std::stoi(rest.substr(0, rest.find('.')));
            return fmt::format("{}{}.0{}", prefix, number / 2, rest.substr(rest.find('.')));
        }
    }
    for (const auto* blocks : {"backbone.fpn.inner_blocks.", "backbone.fpn.layer_blocks."}) {
        const std::string prefix = blocks;
        if (name.starts_with(prefix)) {
            const auto rest = name.substr(prefix.size());  // "0.weight"
            return fmt::format("{}{}.0{}", prefix, rest.substr(0, rest.find('.')),
                               rest.substr(rest.find('.')));
        }
    }
    return name;
}

}  // namespace

void Detector::load_weights(tensor_file::NamedTensors weights) {
    const at::NoGradGuard no_grad;
    std::map<std::string, at::Tensor> own;
    for (const auto& entry : named_parameters()) {
        own.emplace(entry.key(), entry.value());
    }
    for (const auto& entry : named_buffers()) {
        own.emplace(entry.key(), entry.value());
    }
    const auto is = [](const char* name) {
        return [=](const auto& one) { return one.first == name; };
    };
    const bool old = std::ranges::any_of(weights, is("backbone.fpn.inner_blocks.0.weight"));
    std::map<std::string, at::Tensor> given;
    for (auto& [name, tensor] : weights) {
        const auto key = old ? renamed(name) : name;
        require(own.contains(key) || key.ends_with("num_batches_tracked"),
                "the weights do not match {}: unexpected '{}'", this->name(), name);
        given.emplace(key, tensor);
    }
    for (auto& [name, tensor] : own) {
        const auto found = given.find(name);
        if (name.ends_with("num_batches_tracked") && found == given.end()) {
            continue;
        }
        require(found != given.end(), "the weights do not match {}: '{}' is missing", this->name(),
                name);
        require(found->second.sizes() == tensor.sizes(),
                "the weights do not match {}: '{}' must be [{}], found [{}]{}", this->name(), name,
                fmt::join(tensor.sizes(), ", "), fmt::join(found->second.sizes(), ", "),
                name.find("cls_logits") != std::string::npos
                    ? fmt::format(
                          "; these weights are for {0} classes, so set the option 'classes' to {0}",
                          found->second.size(0) / anchors_a_place)
                    : "");
    }
    for (auto& [name, tensor] : own) {
        if (const auto found = given.find(name); found != given.end()) {
            tensor.copy_(found->second);
        }
    }
}

}  // namespace hfc::detection
