// Images in a NumPy file, read when they are needed.
#pragma once

#include "base/file.h"
#include "data/source.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

class NpySource : public Source {
  public:
    /// path: an npy file with a uint8 or float32 array [N, C, H, W] in C order. labels: int64 [N]
    /// on the CPU, or undefined. Reads only the header. Throws Error naming the file and the
    /// problem.
    NpySource(const std::filesystem::path& path, const at::Tensor& labels, std::string name,
              std::vector<std::string> class_names);

    const std::string& name() const override { return name_; }
    int64_t size() const override { return size_; }
    Shape shape() const override { return shape_; }
    at::ScalarType dtype() const override { return dtype_; }
    at::Tensor labels() const override { return labels_; }
    const std::vector<std::string>& class_names() const override { return class_names_; }
    void read(const at::Tensor& samples, const Draw& draw, at::Tensor& into) const override;
    void add_fingerprint(Checksum& checksum, const at::Tensor& samples) const override;

  private:
    InputFile file_;
    at::Tensor labels_;
    std::string name_;
    std::vector<std::string> class_names_;
    int64_t size_ = 0;
    Shape shape_{};
    at::ScalarType dtype_;
    uint64_t offset_ = 0;
    uint64_t image_bytes_ = 0;
};

}  // namespace hfc::data
