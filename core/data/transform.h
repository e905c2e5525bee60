// Changes to the images of a data set before they are used.
#pragma once

#include "data/source.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

/// A batch of images on its way through the transforms of a data set. A transform replaces these
/// tensors and never writes to them, because other views may share them.
struct TransformBatch {
    at::Tensor images;  ///< float32 [n, C, H, W], any device
    /// int64 [n], any device; or float32 [n, classes], the probability of each class, if images are
    /// mixed; undefined if there are no labels.
    at::Tensor labels;
    at::Tensor samples;  ///< int64 [n], CPU: the index of each image in its source
    Draw draw;           ///< determines the random numbers, together with the sample's index
    std::vector<at::Tensor> targets = {};  ///< one per image, see Source::targets(); or none
};

/// To add a new kind of transform, derive a class from this one. A transform never changes.
class Transform {
  public:
    Transform() = default;
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;
    virtual ~Transform() = default;

    /// Must keep the number and the order of the images.
    virtual void apply(TransformBatch& batch) const = 0;
    /// For the names of views: "low r=4".
    virtual std::string describe() const = 0;
    /// The shape of the resulting images.
    virtual Shape shape(const Shape& before) const { return before; }
    /// Whether both transforms have the same effect. Equal transforms at the start of several views
    /// are computed only once.
    virtual bool same_as(const Transform& other) const { return this == &other; }
    /// Whether apply() runs a script's code, which may run only on the script's thread.
    virtual bool runs_script() const { return false; }
    /// Distinguishes transforms that have the same describe().
    virtual std::string fingerprint() const { return {}; }
};

using Transforms = std::vector<std::shared_ptr<const Transform>>;

/// Applies each list of transforms to `batch` and returns the resulting images, one tensor per
/// list. If several lists start with equal transforms, these are computed only once. Frequency
/// filters of the same images share one forward transform.
std::vector<at::Tensor> apply_lists(const std::vector<Transforms>& lists,
                                    const TransformBatch& batch);

}  // namespace hfc::data
