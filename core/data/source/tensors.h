// Images in memory.
#pragma once

#include "data/source.h"

#include <memory>

namespace hfc::data {

/// The images of one split (training or test) of a data set.
struct Images {
    std::string name;   ///< for messages: "cifar10 train"
    at::Tensor pixels;  ///< uint8 or float32 [N, C, H, W]
    at::Tensor labels;  ///< int64 [N], zero-based; undefined if there are no labels
    std::vector<std::string> class_names;  ///< one name per class; empty if classes have no names
    /// Identifies the files from which the pixels were read, if any: a checksum of their names and
    /// sizes.
    std::string source = {};
};

class TensorSource : public Source {
  public:
    /// Throws Error unless shapes and dtypes are as required by Images.
    explicit TensorSource(std::shared_ptr<const Images> images);

    const std::string& name() const override { return images_->name; }
    int64_t size() const override { return images_->pixels.size(0); }
    Shape shape() const override;
    at::ScalarType dtype() const override { return images_->pixels.scalar_type(); }
    at::Tensor labels() const override { return images_->labels; }
    const std::vector<std::string>& class_names() const override { return images_->class_names; }
    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override;
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    std::shared_ptr<const Images> images_;
};

}  // namespace hfc::data
