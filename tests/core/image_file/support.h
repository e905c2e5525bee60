// What the tests of picture files share.
#pragma once

#include "files.h"
#include "image_file/read_picture.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <functional>

namespace hfc::image_file {

inline const std::filesystem::path pictures = HFC_FIXTURES "/pictures";

/// The planes [3, n, n] that come of a geometry, as int64.
inline at::Tensor read(const std::filesystem::path& path, int64_t n, const ChooseGeometry& choose,
                       const PictureOptions& options = {}) {
    auto planes = at::full({3, n, n}, 99, at::kByte);
    PictureReader(options).read(path, choose, {n, n}, planes.data_ptr<uint8_t>());
    return planes.to(at::kLong);
}

/// torchvision's Resize(shorter), CenterCrop(n).
inline ChooseGeometry evaluation(int64_t shorter, int64_t n) {
    return [=](const Size& picture) { return center_crop(resize(picture, shorter), n); };
}

inline at::Tensor read(const std::filesystem::path& path, int64_t n) {
    return read(path, n, evaluation(n, n));
}

}  // namespace hfc::image_file
