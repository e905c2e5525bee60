#include "mask/source.h"

#include "base/error.h"
#include "base/images.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace hfc::mask {
namespace {

at::Tensor checked_labels(const at::Tensor& labels, int64_t size) {
    require(labels.scalar_type() == at::kLong && labels.dim() == 1 && labels.size(0) == size,
            "hfc.mask: labels must be int64 [{}], one an image, got {} [{}]", size,
            at::toString(labels.scalar_type()), fmt::join(labels.sizes(), ", "));
    const auto result = labels.cpu();
    require(size == 0 || result.min().item<int64_t>() >= 0,
            "hfc.mask: labels must be at least 0, got {}", result.min().item<int64_t>());
    return result;
}

}  // namespace

Source::Source(data::Dataset dataset)
    : dataset_(std::move(dataset)),
      labels_(dataset_->labels()),
      size_(dataset_->size()),
      channels_(dataset_->channels()),
      height_(dataset_->height()),
      width_(dataset_->width()) {}

Source::Source(at::Tensor images, at::Tensor labels)
    : images_(images.defined() ? images.detach() : images) {
    require(images_.defined() && images_.scalar_type() == at::kFloat && images_.dim() == 4 &&
                images_.numel() > 0,
            "hfc.mask: images must be float32 [N, C, H, W], at least one, got {}",
            images_.defined() ? fmt::format("{} [{}]{}", at::toString(images_.scalar_type()),
                                            fmt::join(images_.sizes(), ", "), image_advice(images_))
                              : "an undefined tensor");
    size_ = images_.size(0);
    channels_ = images_.size(1);
    height_ = images_.size(2);
    width_ = images_.size(3);
    if (labels.defined()) {
        labels_ = checked_labels(labels, size_);
    }
}

int64_t Source::classes() const {
    const auto used = labels().max().item<int64_t>() + 1;
    return dataset_ ? std::max(dataset_->classes(), used) : used;
}

const at::Tensor& Source::labels() const {
    require(labels_.defined(), "hfc.mask: labels are needed, int64 [{}], one an image", size_);
    return labels_;
}

Source Source::with_labels(const at::Tensor& labels) const {
    auto result = *this;
    result.labels_ = checked_labels(labels, size_);
    return result;
}

Source Source::select(const at::Tensor& positions) const {
    auto result = *this;
    result.size_ = positions.size(0);
    if (labels_.defined()) {
        result.labels_ = labels_.index_select(0, positions);
    }
    if (dataset_) {
        result.rows_ = rows_.defined() ? rows_.index_select(0, positions) : positions;
    } else {
        result.images_ = images_.index_select(0, positions.to(images_.device()));
    }
    return result;
}

at::Tensor Source::images(int64_t begin, int64_t end) const {
    if (!dataset_) {
        return images_.slice(0, begin, end);
    }
    return rows_.defined() ? dataset_->batch(rows_.slice(0, begin, end)).images
                           : dataset_->batch(begin, end).images;
}

at::Tensor Source::images(const at::Tensor& positions) const {
    if (!dataset_) {
        return images_.index_select(0, positions.to(images_.device()));
    }
    return dataset_->batch(rows_.defined() ? rows_.index_select(0, positions) : positions).images;
}

}  // namespace hfc::mask
