// The image corruptions of Hendrycks and Dietterich 2019 (CIFAR-10-C, ImageNet-C), with the
// constants of their published code. Each kind has the name of its function in that code.
#pragma once

#include "data/transform.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::corrupt {

/// "common": the 15 kinds over which the corruption error is averaged; "extra": 4 more; "all":
/// both. Throws Error for any other name.
std::vector<std::string> kinds(std::string_view set = "common");

constexpr int64_t severities = 5;

/// Which of the published tables of constants to use.
enum class Constants {
    by_size,   ///< CIFAR's constants for images with a side below 64 pixels, otherwise ImageNet's
    cifar,     ///< CIFAR-10-C
    imagenet,  ///< ImageNet-C
};

/// "auto", "cifar" or "imagenet". Throws Error for any other name.
Constants parse_constants(std::string_view name);

struct Corruption {
    std::string kind;
    int64_t severity = 1;  ///< 1 to 5
    /// The random numbers of an image depend only on the seed, the kind, the severity and the index
    /// of the image in its source.
    uint64_t seed = 0;
    Constants constants = Constants::by_size;
    /// The directory that contains frost1.png to frost5.jpg.
    std::filesystem::path frost = {};
    /// If above 0, the result is saved as JPEG with this quality and read again; ImageNet-C uses
    /// 85.
    int64_t jpeg = 0;

    bool operator==(const Corruption&) const = default;
};

struct Photographs;

/// Applies a corruption, after checking it and reading the files that it needs.
class Corruptor {
  public:
    /// Throws Error for an unknown kind, a number out of range, and photographs of frost that are
    /// missing or cannot be read.
    explicit Corruptor(Corruption corruption);
    ~Corruptor();

    const Corruption& corruption() const { return corruption_; }

    /// images: float32 [N, C, H, W] in [0,1] with 1 or 3 channels and at least 32 x 32 pixels. Each
    /// image is first rounded to bytes, and the values of the result are bytes / 255. Grey images
    /// are processed as three equal channels, and the first one is returned. samples: int64 [N],
    /// the index of each image in its source. Throws Error for other images.
    at::Tensor apply(const at::Tensor& images, const at::Tensor& samples) const;

  private:
    Corruption corruption_;
    std::shared_ptr<const Photographs> photographs_;  ///< for frost
};

/// Corrupts the images of a data set.
class CorruptionTransform : public data::Transform {
  public:
    explicit CorruptionTransform(const Corruption& corruption) : corruptor_(corruption) {}
    void apply(data::TransformBatch& batch) const override;
    /// "fog 3".
    std::string describe() const override;
    bool same_as(const Transform& other) const override;
    std::string fingerprint() const override;

  private:
    Corruptor corruptor_;
};

}  // namespace hfc::corrupt
