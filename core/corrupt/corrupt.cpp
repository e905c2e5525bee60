#include "corrupt/corrupt.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "base/random.h"
#include "corrupt/photographs.h"
#include "corrupt/picture.h"
#include "corrupt/random_draws.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hfc::corrupt {
namespace {

struct Kind {
    const char* name;
    Corrupted (*corrupt)(const Task&);
    bool common;
    bool square;  ///< the published code accepts only square images
};

/// In the order of the published tables.
constexpr Kind table[] = {
    {"gaussian_noise", gaussian_noise, true, false},
    {"shot_noise", shot_noise, true, false},
    {"impulse_noise", impulse_noise, true, false},
    {"defocus_blur", defocus_blur, true, false},
    {"glass_blur", glass_blur, true, true},
    {"motion_blur", motion_blur, true, false},
    {"zoom_blur", zoom_blur, true, false},
    {"snow", snow, true, true},
    {"frost", frost, true, false},
    {"fog", fog, true, true},
    {"brightness", brightness, true, false},
    {"contrast", contrast, true, false},
    {"elastic_transform", elastic_transform, true, true},
    {"pixelate", pixelate, true, false},
    {"jpeg_compression", jpeg_compression, true, false},
    {"speckle_noise", speckle_noise, false, false},
    {"gaussian_blur", gaussian_blur, false, false},
    {"spatter", spatter, false, false},
    {"saturate", saturate, false, false},
};

const Kind& find_kind(const std::string& name) {
    const auto* found = std::ranges::find(table, name, [](const Kind& kind) { return kind.name; });
    const auto known = kinds("all");
    require(found != std::end(table), "unknown corruption '{}'{}; the corruptions are {}", name,
            did_you_mean(name, known), fmt::join(known, ", "));
    return *found;
}

constexpr int64_t least_side = 32;
constexpr int64_t large_side = 64;  ///< from this size on, the constants are those of ImageNet-C

bool uses_imagenet(Constants constants, int64_t side) {
    return constants == Constants::imagenet ||
           (constants == Constants::by_size && side >= large_side);
}

void require_images(const at::Tensor& images, const Kind& kind) {
    require(images.defined() && images.dim() == 4 && images.scalar_type() == at::kFloat,
            "images must be a float32 tensor [N, C, H, W], got {}",
            images.defined() ? fmt::format("{} [{}]{}", dtype_name(images.scalar_type()),
                                           fmt::join(images.sizes(), ", "), image_advice(images))
                             : "nothing");
    require(images.size(1) == 1 || images.size(1) == 3,
            "images must have 1 or 3 channels for {}, got {}", kind.name, images.size(1));
    require(images.size(1) == 3 || std::string_view(kind.name) != "saturate",
            "saturate changes colours, but the images are grey");
    const auto height = images.size(2);
    const auto width = images.size(3);
    require(std::min(height, width) >= least_side,
            "images must have at least {} x {} pixels for {}, got {} x {}", least_side, least_side,
            kind.name, height, width);
    require(!kind.square || height == width, "images must be square for {}, got {} x {}", kind.name,
            height, width);
    require_unit_range(images, "images");
}

Bytes bytes_of(const at::Tensor& image) {
    const auto bytes = image.mul(255).round().to(at::kByte).expand({3, -1, -1}).contiguous();
    Bytes result(3, image.size(1), image.size(2));
    std::copy_n(bytes.const_data_ptr<uint8_t>(), result.values.size(), result.values.begin());
    return result;
}

}  // namespace

std::vector<std::string> kinds(std::string_view set) {
    require(set == "common" || set == "extra" || set == "all",
            "'set' must be \"common\", \"extra\" or \"all\", got \"{}\"", set);
    std::vector<std::string> names;
    for (const auto& kind : table) {
        if (set == "all" || kind.common == (set == "common")) {
            names.emplace_back(kind.name);
        }
    }
    return names;
}

Constants parse_constants(std::string_view name) {
    require(name == "auto" || name == "cifar" || name == "imagenet",
            "constants must be \"auto\", \"cifar\" or \"imagenet\", got \"{}\"", name);
    return name == "auto"    ? Constants::by_size
           : name == "cifar" ? Constants::cifar
                             : Constants::imagenet;
}

Doubles unit(const Bytes& image) {
    return Doubles::made(image, [](uint8_t value) { return value / 255.; });
}

Corrupted to_255(Doubles image) {
    for (double& value : image.values) {
        value = std::clamp(value, 0.0, 1.0) * 255;
    }
    return image;
}

Corrupted to_255(const Floats& image) {
    return Corrupted::made(image,
                           [](float value) { return std::clamp(value, 0.0F, 1.0F) * 255.0F; });
}

Bytes corrupt_image(const std::string& kind, int64_t severity, bool imagenet, const Bytes& image,
                    Draws& draws, const Photographs* photographs) {
    const Task task{image, severity - 1, imagenet, draws, photographs};
    return Bytes::made(find_kind(kind).corrupt(task),
                       [](double value) { return static_cast<uint8_t>(value); });
}

Corruptor::Corruptor(Corruption corruption) : corruption_(std::move(corruption)) {
    find_kind(corruption_.kind);
    require(corruption_.severity >= 1 && corruption_.severity <= severities,
            "severity must be 1 to {}, got {}", severities, corruption_.severity);
    require(corruption_.jpeg >= 0 && corruption_.jpeg <= 100,
            "jpeg must be a quality from 1 to 100, or 0 for no compression, got {}",
            corruption_.jpeg);
    if (corruption_.kind == "frost") {
        photographs_ = read_photographs(corruption_.frost);
    }
}

Corruptor::~Corruptor() = default;

at::Tensor Corruptor::apply(const at::Tensor& images, const at::Tensor& samples) const {
    const auto& kind = find_kind(corruption_.kind);
    require_images(images, kind);
    const auto numbers = sample_indices(samples, images.size(0));
    const bool imagenet =
        uses_imagenet(corruption_.constants, std::min(images.size(2), images.size(3)));
    const auto frost = imagenet || !photographs_ ? photographs_ : smaller(*photographs_);
    if (frost) {
        require_larger(*frost, images.size(2), images.size(3));
    }
    const auto from = images.detach().cpu().contiguous();
    auto result = at::empty(from.sizes(), from.options());
    const auto size = from.size(1) * from.size(2) * from.size(3);
    const auto purpose = fmt::format("corrupt {} {}", corruption_.kind, corruption_.severity);
    at::parallel_for(0, from.size(0), 1, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i) {
            RandomDraws draws(numbers.slice(0, i, i + 1), corruption_.seed, purpose);
            auto bytes = corrupt_image(corruption_.kind, corruption_.severity, imagenet,
                                       bytes_of(from[i]), draws, frost.get());
            if (corruption_.jpeg > 0) {
                bytes = through_jpeg(bytes, corruption_.jpeg);
            }
            auto* to = result.mutable_data_ptr<float>() + i * size;
            std::transform(bytes.values.begin(), bytes.values.begin() + size, to,
                           [](uint8_t value) { return static_cast<float>(value) / 255.0F; });
        }
    });
    return result.to(images.device()).contiguous(images.suggest_memory_format());
}

void CorruptionTransform::apply(data::TransformBatch& batch) const {
    batch.images = corruptor_.apply(batch.images, batch.samples);
}

std::string CorruptionTransform::describe() const {
    return fmt::format("{} {}", corruptor_.corruption().kind, corruptor_.corruption().severity);
}

bool CorruptionTransform::same_as(const Transform& other) const {
    const auto* corrupted = dynamic_cast<const CorruptionTransform*>(&other);
    return corrupted != nullptr && corrupted->corruptor_.corruption() == corruptor_.corruption();
}

std::string CorruptionTransform::fingerprint() const {
    const auto& corruption = corruptor_.corruption();
    return fmt::format("{} seed {} constants {} jpeg {}", describe(), corruption.seed,
                       static_cast<int>(corruption.constants), corruption.jpeg);
}

}  // namespace hfc::corrupt
