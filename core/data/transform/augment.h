// Augmentation: images moved, turned, scaled and flipped at random as a network is trained on them.
#pragma once

#include "data/transform.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// What is drawn for each image by itself, uniformly. The defaults change nothing.
struct AugmentOptions {
    double least_scale = 1, most_scale = 1;  ///< magnification, above 0
    double translate = 0;  ///< shift in each direction by up to this share of the size, in [0,1]
    double rotate = 0;     ///< turn by up to so many degrees either way, 0 to 180
    double least_crop =
        1;  ///< RandomResizedCrop: least fraction of the area, in (0,1]; sides of ratio 3/4 to 4/3
    int64_t pad = 0;    ///< pad each border by so many zeros and crop to the size again, at least 0
    bool flip = false;  ///< left and right, every other image
    uint64_t seed = 0;

    /// Whether anything is done at all.
    bool any() const { return interpolates() || pad > 0 || flip; }
    bool interpolates() const {
        return least_scale != 1 || most_scale != 1 || translate != 0 || rotate != 0 ||
               least_crop != 1;
    }
};

/// Throws Error for a setting out of range.
void require_valid(const AugmentOptions& options);

/// images: float32 [N, C, H, W], any device; the result has their shape, layout and device. Zeros
/// lie beyond the borders. Crop, then scale, rotation and shift about the middle are one bilinear
/// interpolation; pad and flip after it move whole pixels and change none. samples: int64 [N], the
/// index of each image in its source; undefined: 0 .. N-1. What is drawn for an image depends on
/// the seed and its sample alone, not on the images beside it. Throws Error for images or samples
/// of another kind and for a setting out of range.
at::Tensor augment(const at::Tensor& images, const AugmentOptions& options,
                   const at::Tensor& samples = {});

/// The same as a transform: its numbers are drawn for (seed, epoch, sample), options.seed is not
/// used.
class AugmentTransform : public Transform {
  public:
    /// Throws Error for a setting out of range.
    explicit AugmentTransform(const AugmentOptions& options);
    void apply(TransformBatch& batch) const override;
    std::string describe() const override { return "augmented"; }
    std::string fingerprint() const override;

  private:
    AugmentOptions options_;
};

}  // namespace hfc::data
