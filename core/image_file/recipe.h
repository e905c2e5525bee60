// The steps, named as in torchvision, that turn each picture of a data set into a training image.
#pragma once

#include "image_file/color_jitter.h"
#include "image_file/picture_transform.h"
#include "image_file/read_picture.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

enum class StepKind {
    resize,
    center_crop,
    random_resized_crop,
    horizontal_flip,
    pad,
    random_crop,
    color_jitter
};

/// Returns the step with this name, such as "random_resized_crop"; throws Error for any other name.
StepKind parse_step(const std::string& name);

struct PictureStep {
    StepKind kind = StepKind::resize;
    /// The side of the image or, for pad, the width of the border, in pixels, 1 to 4096.
    /// horizontal_flip and color_jitter do not use it.
    int64_t size = 0;
    CropOptions crop = {};     ///< for random_resized_crop
    double probability = 0.5;  ///< for horizontal_flip, in [0,1]
    JitterOptions jitter = {};

    bool has_size() const {
        return kind != StepKind::horizontal_flip && kind != StepKind::color_jitter;
    }
};

/// Makes square images of one size from pictures of any size. Immutable.
class PictureRecipe {
  public:
    /// resize and random_resized_crop are allowed only as the first step, and only horizontal_flip
    /// may follow color_jitter. Throws Error for any other order, for a list that does not
    /// determine a size, and for an option out of range.
    explicit PictureRecipe(std::vector<PictureStep> steps, const PictureOptions& options = {});

    /// The side of the images, in pixels.
    int64_t size() const { return size_; }
    const PictureOptions& options() const { return options_; }
    /// How many random numbers in [0, 1) each picture needs; 0 if a picture always produces the
    /// same image.
    int64_t numbers() const { return numbers_; }
    /// The changes to a picture of this size. `random` must have numbers() elements. Throws Error
    /// for a picture that is too small.
    Geometry geometry(const Size& picture, std::span<const double> random) const;
    /// The changes to the colours of the resulting image.
    std::vector<ColorChange> colors(std::span<const double> random) const;
    /// "resize 256, center_crop 224"
    std::string describe() const;
    /// All settings as text, including those that describe() leaves out.
    std::string fingerprint() const;

  private:
    void add(size_t i);

    std::vector<PictureStep> steps_;
    PictureOptions options_;
    int64_t size_ = 0;
    int64_t numbers_ = 0;
};

/// Returns a recipe by name: "imagenet" (resize 256, center_crop 224, as for testing ImageNet
/// networks) or "imagenet_train" (random_resized_crop 224, horizontal_flip, as for training them).
/// Both ignore EXIF's orientation, as torchvision does. Throws Error for any other name.
PictureRecipe preset(const std::string& name, Interpolation interpolation);

}  // namespace hfc::image_file
