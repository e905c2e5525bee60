#include "data/source/tensors.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

namespace hfc::data {
namespace {

/// With contiguous pixels.
std::shared_ptr<const Images> checked(std::shared_ptr<const Images> images) {
    require(images != nullptr, "a data set must contain at least one image, got none");
    const auto& name = images->name;
    const auto& pixels = images->pixels;
    require(pixels.defined(), "the image tensor of '{}' is undefined", name);
    require((pixels.scalar_type() == at::kByte || pixels.scalar_type() == at::kFloat) &&
                pixels.dim() == 4 && pixels.is_cpu(),
            "the images of '{}' must be a uint8 or float32 CPU tensor [N, C, H, W], got {} [{}]{}",
            name, dtype_name(pixels.scalar_type()), fmt::join(pixels.sizes(), ", "),
            image_advice(pixels));
    require(pixels.numel() > 0,
            "'{}' must contain at least one image with at least one pixel, got shape [{}]", name,
            fmt::join(pixels.sizes(), ", "));
    if (pixels.is_contiguous() && !pixels.requires_grad()) {
        return images;
    }
    auto contiguous = std::make_shared<Images>(*images);
    contiguous->pixels = pixels.detach().contiguous();
    return contiguous;
}

}  // namespace

TensorSource::TensorSource(std::shared_ptr<const Images> images)
    : images_(checked(std::move(images))) {}

Shape TensorSource::shape() const {
    const auto sizes = images_->pixels.sizes();
    return {sizes[1], sizes[2], sizes[3]};
}

void TensorSource::read(const at::Tensor& samples, const Draw&, at::Tensor& into) const {
    const auto bytes_an_image = images_->pixels.nbytes() / static_cast<size_t>(size());
    const auto* from = static_cast<const char*>(images_->pixels.const_data_ptr());
    const auto* index = samples.const_data_ptr<int64_t>();
    auto* to = static_cast<char*>(into.mutable_data_ptr());
    // Waking a second thread for less than a few megabytes does not pay off.
    constexpr size_t bytes_a_thread = size_t{1} << 22;
    const auto grain = std::max<size_t>(1, bytes_a_thread / bytes_an_image);
    at::parallel_for(
        0, samples.size(0), static_cast<int64_t>(grain), [&](int64_t begin, int64_t end) {
            for (auto i = begin; i < end; ++i) {
                std::memcpy(to + static_cast<size_t>(i) * bytes_an_image,
                            from + static_cast<size_t>(index[i]) * bytes_an_image, bytes_an_image);
            }
        });
}

void TensorSource::add_fingerprint(Checksum& checksum, const at::Tensor& samples) const {
    if (images_->source.empty()) {
        add_images(checksum, samples);
    } else {
        checksum.add_item(images_->source);
    }
}

}  // namespace hfc::data
