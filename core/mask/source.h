// Images and labels, from a data set or from tensors.
#pragma once

#include "data/dataset.h"

#include <optional>
#include <string_view>

namespace hfc::mask {

class Source {
  public:
    Source(data::Dataset dataset);  // NOLINT(google-explicit-constructor): a data set is a source
    /// images: float32 [N, C, H, W], at least one; labels: int64 [N] of at least 0, or undefined
    /// where none are needed.
    Source(at::Tensor images, at::Tensor labels);

    int64_t size() const { return size_; }
    int64_t channels() const { return channels_; }
    int64_t height() const { return height_; }
    int64_t width() const { return width_; }
    /// One more than the largest label, and no fewer than the data set has. Throws Error where
    /// there are no labels.
    int64_t classes() const;
    /// int64 [N] on the CPU. Throws Error where there are none.
    const at::Tensor& labels() const;
    bool has_labels() const { return labels_.defined(); }

    /// The same images under other labels, int64 [N] of at least 0.
    Source with_labels(const at::Tensor& labels) const;
    /// The images at `positions` (int64).
    Source select(const at::Tensor& positions) const;

    /// float32 [n, C, H, W] on the CPU, or where the tensors are.
    at::Tensor images(int64_t begin, int64_t end) const;
    at::Tensor images(const at::Tensor& positions) const;

  private:
    std::optional<data::Dataset> dataset_;
    at::Tensor rows_;  ///< positions in the data set; undefined: all
    at::Tensor images_;
    at::Tensor labels_;
    int64_t size_, channels_, height_, width_;
};

}  // namespace hfc::mask
