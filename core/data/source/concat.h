// Several data sets joined into one.
#pragma once

#include "data/dataset.h"

#include <string>
#include <vector>

namespace hfc::data {

/// The images of each data set as its batch() returns them.
class ConcatSource : public Source {
  public:
    /// Throws Error unless all data sets have images of the same shape, either all or none have
    /// labels, and all data sets with class names have the same ones.
    explicit ConcatSource(std::vector<Dataset> parts);

    const std::string& name() const override { return name_; }
    int64_t size() const override { return begins_.back(); }
    Shape shape() const override { return parts_.front().shape(); }
    at::ScalarType dtype() const override { return at::kFloat; }
    at::Tensor labels() const override;
    const std::vector<std::string>& class_names() const override;
    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override;
    bool runs_script() const override;
    bool is_slow() const override;
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    std::vector<Dataset> parts_;
    std::vector<int64_t> begins_;  ///< the start of each part, and the end
    std::string name_;
};

}  // namespace hfc::data
