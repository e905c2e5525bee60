// What is done to each picture of a data set before it is a training image: a list of steps under
// torchvision's names.
#pragma once

#include "image_file/picture_transform.h"
#include "image_file/read_picture.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

enum class StepKind { resize, center_crop, random_resized_crop, horizontal_flip };

/// "resize", "center_crop", "random_resized_crop" or "horizontal_flip"; throws Error for anything
/// else.
StepKind parse_step(const std::string& name);

struct PictureStep {
    StepKind kind = StepKind::resize;
    int64_t size = 0;          ///< pixels of a side, 1 to 4096; horizontal_flip has none
    CropOptions crop = {};     ///< of random_resized_crop
    double probability = 0.5;  ///< of horizontal_flip, in [0,1]
};

/// Square images of one size from pictures of any size. Never changes.
class PictureRecipe {
  public:
    /// The first step is resize or random_resized_crop; center_crop and horizontal_flip follow in
    /// any order. Throws Error for another order, for a list that ends without a size, and for a
    /// setting out of range.
    explicit PictureRecipe(std::vector<PictureStep> steps, const PictureOptions& options = {});

    /// Side of the images, in pixels.
    int64_t size() const { return size_; }
    const PictureOptions& options() const { return options_; }
    /// Random numbers in [0, 1) that geometry() needs; 0 where each picture is treated the same
    /// each time.
    int64_t numbers() const { return numbers_; }
    /// What is done to a picture of that size. random: numbers() of them.
    Geometry geometry(const Size& picture, std::span<const double> random) const;
    /// "resize 256, center_crop 224"
    std::string describe() const;
    /// Tells apart what describe() does not, too.
    std::string fingerprint() const;

  private:
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
