#include "data/source/npy.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "tensor_file/tensor_file.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::data {

NpySource::NpySource(const std::filesystem::path& path, const at::Tensor& labels, std::string name,
                     std::vector<std::string> class_names)
    : file_(path), labels_(labels), name_(std::move(name)), class_names_(std::move(class_names)) {
    const auto layout = tensor_file::npy_layout(file_);
    const auto& sizes = layout.shape;
    require(sizes.size() == 4 && std::ranges::find(sizes, 0) == sizes.end() &&
                (layout.dtype == at::kByte || layout.dtype == at::kFloat),
            "'{}' must contain at least one image, uint8 or float32 [N, C, H, W], got {} [{}]",
            path.string(), dtype_name(layout.dtype), fmt::join(sizes, ", "));
    size_ = sizes[0];
    shape_ = {sizes[1], sizes[2], sizes[3]};
    dtype_ = layout.dtype;
    offset_ = layout.offset;
    image_bytes_ = (file_.size() - offset_) / static_cast<uint64_t>(size_);
}

void NpySource::read(const at::Tensor& samples, const Draw&, at::Tensor& into) const {
    const auto* index = samples.const_data_ptr<int64_t>();
    auto* to = static_cast<char*>(into.mutable_data_ptr());
    for (int64_t i = 0; i < samples.size(0); ++i) {
        file_.read(offset_ + static_cast<uint64_t>(index[i]) * image_bytes_,
                   to + static_cast<uint64_t>(i) * image_bytes_, image_bytes_);
    }
}

void NpySource::add_fingerprint(Checksum& checksum, const at::Tensor& samples) const {
    checksum.add_item(file_.path().filename().string());
    checksum.add_item(std::to_string(file_.size()));
    add_images(checksum, samples);
}

}  // namespace hfc::data
