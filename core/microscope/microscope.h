// What a network makes of one image's frequencies: the microscope of `hfc-host microscope`.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"
#include "model/model.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace hfc::microscope {

/// Which frequencies the low part has. Radii are in frequency bins.
struct Shape {
    enum class Kind {
        disc,    ///< within `outer`, as frequency::radial_mask() has it
        ring,    ///< within `outer` and not within `inner`; the mean stays if inner is below 0
        wedge,   ///< directions `from` to `to`, in degrees from the axis of the columns towards
                 ///< later rows, modulo 180, and the mean
        painted  ///< those that `painted` has
    };
    Kind kind = Kind::disc;
    double inner = 0, outer = 0;
    double from = 0, to = 0;
    std::vector<uint8_t> painted = {};  ///< [H, W], not 0: kept; zero frequency at (H/2, W/2)
};

/// float64 [H, W] of zeros and ones, zero frequency first. Throws Error for a radius that is not a
/// number of at least 0 (inner: at least -1), an angle that is not finite, and a painted mask of
/// another size.
at::Tensor mask_of(const Shape& shape, int64_t height, int64_t width);

struct Pictures {
    at::Tensor x, low, high;  ///< float32 [1, C, H, W]; high = x - low
    at::Tensor spectrum;      ///< [H, W] in [0, 1]: log(1 + |F|), mean of the channels; zero
                              ///< frequency at (H/2, W/2)
    at::Tensor mask;          ///< [H, W], likewise
};

struct Answers {
    at::Tensor probabilities;  ///< float64 [3, classes] of x, low, high
    std::vector<int64_t> labels;
    at::Tensor gradient;  ///< [H, W] in [0, 1]: the largest channel of |d logit / d low|, of the
                          ///< logit of the low part's label, divided by its maximum
};

class Microscope {
  public:
    /// Keeps the network in evaluation mode while this lives. Throws Error for an empty data set.
    Microscope(model::ModelPtr network, const data::Dataset& images);

    const data::Dataset& images() const { return images_; }
    /// Throws Error for a number out of range and as mask_of() does.
    Pictures see(int64_t image, const Shape& shape) const;
    /// Throws Error where the network cannot take the image, or answers what is not finite.
    Answers ask(const Pictures& pictures) const;

  private:
    model::ModelPtr network_;
    data::Dataset images_;
    model::Inference inference_;
};

/// uint8 [H, W, 3] of an image [1, C, H, W], cut off at 0 and 1; of a part without its mean,
/// `shift` = .5 makes it visible. [H, W] likewise of one [H, W].
at::Tensor to_pixels(const at::Tensor& image, double shift = 0);

}  // namespace hfc::microscope
