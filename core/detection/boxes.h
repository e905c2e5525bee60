// Boxes as tensors [n, 4] of x1, y1, x2, y2.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::detection {

/// Intersection over union of each of `a` with each of `b`: [n, m].
at::Tensor iou(const at::Tensor& a, const at::Tensor& b);

/// The IoU minus the fraction of the smallest rectangle around both boxes that neither box covers
/// (Rezatofighi et al. 2019).
at::Tensor generalized_iou(const at::Tensor& a, const at::Tensor& b);

/// The position of `boxes` relative to `anchors`, both [n, 4]: offsets of the centres in units of
/// the anchor's size, and logarithms of the ratios of the sizes.
at::Tensor encode(const at::Tensor& boxes, const at::Tensor& anchors);

/// The boxes given by codes [n, 4]. Each side of a box is at most 62.5 times as long as the same
/// side of its anchor.
at::Tensor decode(const at::Tensor& codes, const at::Tensor& anchors);

/// Boxes clipped to the edges of a picture.
at::Tensor clip(const at::Tensor& boxes, int64_t height, int64_t width);

/// Non-maximum suppression: in descending order of score, each box removes the later boxes that
/// overlap it by more than `threshold`. Returns the indices of the remaining boxes, int64, by
/// descending score. The order and the rounding match torchvision's. Runs on the CPU, whatever the
/// device of the boxes.
at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double threshold);

/// Like nms(), but a box removes only boxes with the same label. labels: int64 [n].
at::Tensor nms_of_labels(const at::Tensor& boxes, const at::Tensor& scores,
                         const at::Tensor& labels, double threshold);

}  // namespace hfc::detection
