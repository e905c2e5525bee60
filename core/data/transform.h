// What happens to the images of a data set on their way.
#pragma once

#include "data/source.h"

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace hfc::data {

/// Images on their way through the transforms of a data set. A transform replaces these tensors and
/// never writes into them: other views may share them.
struct TransformBatch {
    at::Tensor images;  ///< float32 [n, C, H, W], any device
    /// int64 [n], any device; or float32 [n, classes], the probability of each class, where images
    /// are mixed; undefined where there are none.
    at::Tensor labels;
    at::Tensor samples;  ///< int64 [n], CPU: the index of each image in its source
    Draw draw;           ///< of what is random, together with the sample's index
    std::vector<at::Tensor> targets = {};  ///< one an image, see Source::targets(); or none
};

/// A new kind of transform is a class made from this one. It never changes.
class Transform {
  public:
    Transform() = default;
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;
    virtual ~Transform() = default;

    /// Keeps the number and the order of the images.
    virtual void apply(TransformBatch& batch) const = 0;
    /// For the names of views: "low r=4".
    virtual std::string describe() const = 0;
    /// Of the images that come out.
    virtual Shape shape(const Shape& before) const { return before; }
    /// Whether both do the same. What is the same at the beginning of several views is done once.
    virtual bool same_as(const Transform& other) const { return this == &other; }
    /// Whether apply() runs code of a script, which the thread of the script alone may do.
    virtual bool runs_script() const { return false; }
    /// Tells apart what describe() does not.
    virtual std::string fingerprint() const { return {}; }
};

using Transforms = std::vector<std::shared_ptr<const Transform>>;

/// `batch` through each list of transforms: the images of each. An equal beginning of several lists
/// is computed once, and frequency filters of the same images share one forward transform.
std::vector<at::Tensor> apply_lists(const std::vector<Transforms>& lists,
                                    const TransformBatch& batch);

}  // namespace hfc::data
