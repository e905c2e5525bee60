// Augmentation: random shifts, rotations, scalings and flips of training images.
#pragma once

#include "data/transform.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// The random changes, drawn uniformly and separately for each image. The defaults change nothing.
struct AugmentOptions {
    double least_scale = 1, most_scale = 1;  ///< magnification, above 0
    double translate = 0;  ///< shift in each direction by up to this fraction of the size, in [0,1]
    double rotate = 0;     ///< rotation by up to this many degrees either way, 0 to 180
    /// RandomResizedCrop: smallest fraction of the area, in (0,1]; aspect ratios from 3/4 to 4/3
    double least_crop = 1;
    /// Pad each border with this many pixels, at least 0, and crop to the original size at a random
    /// position.
    int64_t pad = 0;
    double fill = 0;    ///< the value of pixels beyond the borders, finite
    bool flip = false;  ///< flip left to right with probability 1/2
    uint64_t seed = 0;

    /// Whether these options change anything.
    bool any() const { return interpolates() || pad > 0 || flip; }
    bool interpolates() const {
        return least_scale != 1 || most_scale != 1 || translate != 0 || rotate != 0 ||
               least_crop != 1;
    }
};

/// Throws Error for an option out of range.
void require_valid(const AugmentOptions& options);

/// images: float32 [N, C, H, W], any device; the result has the same shape, layout and device.
/// Pixels beyond the borders have the value options.fill. A single bilinear interpolation crops the
/// image, scales and rotates it about its centre, and shifts it. Padding and flipping come
/// afterwards and move whole pixels without changing them. samples: int64 [N], the index of each
/// image in its source; 0 .. N-1 if undefined. The random numbers for an image depend only on the
/// seed and its sample, not on the other images. Throws Error for other images or samples and for
/// an option out of range.
at::Tensor augment(const at::Tensor& images, const AugmentOptions& options,
                   const at::Tensor& samples = {});

/// augment() as a transform. Its random numbers depend on (seed, epoch, sample), and options.seed
/// is not used.
class AugmentTransform : public Transform {
  public:
    /// Throws Error for an option out of range.
    explicit AugmentTransform(const AugmentOptions& options);
    void apply(TransformBatch& batch) const override;
    std::string describe() const override { return "augmented"; }
    std::string fingerprint() const override;

  private:
    AugmentOptions options_;
};

}  // namespace hfc::data
