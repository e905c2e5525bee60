// What is done to each picture of a data set before it is a training image: a list of steps under
// torchvision's names.
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

/// By its name, "random_resized_crop"; throws Error for another.
StepKind parse_step(const std::string& name);

struct PictureStep {
    StepKind kind = StepKind::resize;
    /// Pixels of a side, or of the border of pad, 1 to 4096; horizontal_flip and color_jitter have
    /// none.
    int64_t size = 0;
    CropOptions crop = {};     ///< of random_resized_crop
    double probability = 0.5;  ///< of horizontal_flip, in [0,1]
    JitterOptions jitter = {};

    bool has_size() const {
        return kind != StepKind::horizontal_flip && kind != StepKind::color_jitter;
    }
};

/// Square images of one size from pictures of any size. Never changes.
class PictureRecipe {
  public:
    /// resize and random_resized_crop can only stand first, and nothing but horizontal_flip stands
    /// behind color_jitter. Throws Error for another order, for a list that ends without a size,
    /// and for a setting out of range.
    explicit PictureRecipe(std::vector<PictureStep> steps, const PictureOptions& options = {});

    /// Side of the images, in pixels.
    int64_t size() const { return size_; }
    const PictureOptions& options() const { return options_; }
    /// Random numbers in [0, 1) for a picture; 0 where each is treated the same each time.
    int64_t numbers() const { return numbers_; }
    /// What is done to a picture of that size. random: numbers() of them. Throws Error for a
    /// picture that is too small.
    Geometry geometry(const Size& picture, std::span<const double> random) const;
    /// What is done to the colours of the image that comes out.
    std::vector<ColorChange> colors(std::span<const double> random) const;
    /// "resize 256, center_crop 224"
    std::string describe() const;
    /// Tells apart what describe() does not, too.
    std::string fingerprint() const;

  private:
    void add(size_t i);

    std::vector<PictureStep> steps_;
    PictureOptions options_;
    int64_t size_ = 0;
    int64_t numbers_ = 0;
};

/// A recipe by name: "imagenet" (resize 256, center_crop 224: what ImageNet's networks are tested
/// with) or "imagenet_train" (random_resized_crop 224, horizontal_flip: what they are trained
/// with). Both ignore EXIF's orientation, as torchvision does. Throws Error for another name.
PictureRecipe preset(const std::string& name, Interpolation interpolation);

}  // namespace hfc::image_file
