// Computes a network's output for parts of one image's spectrum, for `hfc-host microscope`.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::microscope {

/// The frequencies of the low part. Radii are in frequency bins.
struct Shape {
    enum class Kind {
        disc,  ///< within `outer`, as in frequency::radial_mask()
        ring,  ///< within `outer` and not within `inner`; the mean is kept if inner is below 0
        /// The mean, and the directions from angle `from` to angle `to`, in degrees modulo 180.
        /// Angles are measured from the column axis towards larger row numbers.
        wedge,
        painted  ///< the frequencies in `painted`
    };
    Kind kind = Kind::disc;
    double inner = 0, outer = 0;
    double from = 0, to = 0;
    /// [H, W], nonzero for kept frequencies; the zero frequency is at (H/2, W/2)
    std::vector<uint8_t> painted = {};
};

/// Returns the mask, float64 [H, W] of zeros and ones, zero-frequency component first. Throws Error
/// for a radius that is not finite or is below 0 (for `inner`, below -1), an angle that is not
/// finite, and a painted mask of the wrong size.
at::Tensor mask_of(const Shape& shape, int64_t height, int64_t width);

struct Pictures {
    at::Tensor x, low, high;  ///< float32 [1, C, H, W]; high = x - low
    /// [H, W] in [0, 1]: log(1 + the mean of |F| over the channels), divided by the largest value;
    /// the zero frequency is at (H/2, W/2)
    at::Tensor spectrum;
    at::Tensor mask;  ///< [H, W], with the layout of `spectrum`
};

struct Answers {
    at::Tensor probabilities;  ///< float64 [3, classes] for x, low and high
    std::vector<int64_t> labels;
    /// [H, W] in [0, 1]: |d logit / d low|, the maximum over the channels, divided by the largest
    /// value in the map. The logit belongs to the class predicted for the low part.
    at::Tensor gradient;
};

class Microscope {
  public:
    /// Keeps the network in evaluation mode while this object exists. Throws Error for an empty
    /// data set.
    Microscope(model::ModelPtr network, const data::Dataset& images);

    const data::Dataset& images() const { return images_; }
    /// Throws Error for an image number out of range, and whenever mask_of() does.
    Pictures see(int64_t image, const Shape& shape) const;
    /// Throws Error if the network does not accept the image, or if its output is not finite.
    Answers ask(const Pictures& pictures) const;

  private:
    model::ModelPtr network_;
    data::Dataset images_;
    model::Inference inference_;
};

/// Adds `shift` to an image [1, C, H, W], clips it to [0, 1] and converts it to uint8 [H, W, 3]. A
/// shift of .5 makes a part with mean 0 visible. Converts an image [H, W] to uint8 [H, W], without
/// the shift.
at::Tensor to_pixels(const at::Tensor& image, double shift = 0);

}  // namespace hfc::microscope
