// Boxes as tensors [n, 4] of x1, y1, x2, y2.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::detection {

/// Intersection over union of each of `a` with each of `b`: [n, m].
at::Tensor iou(const at::Tensor& a, const at::Tensor& b);

/// The same less the share of the smallest rectangle around both that neither covers
/// (Rezatofighi et al. 2019).
at::Tensor generalized_iou(const at::Tensor& a, const at::Tensor& b);

/// Where `boxes` lie relative to `anchors`, both [n, 4]: offsets of the centres in sizes of the
/// anchor, logarithms of the ratios of the sizes.
at::Tensor encode(const at::Tensor& boxes, const at::Tensor& anchors);

/// The boxes of codes [n, 4]. A box is at most 62.5 times as large as its anchor.
at::Tensor decode(const at::Tensor& codes, const at::Tensor& anchors);

/// Cut at the edges of a picture.
at::Tensor clip(const at::Tensor& boxes, int64_t height, int64_t width);

/// Which boxes stay where, by falling score, each drops the later ones that overlap it by more than
/// `threshold`: their indices, int64, by falling score. The order and the rounding are
/// torchvision's. On the CPU, wherever the boxes are.
at::Tensor nms(const at::Tensor& boxes, const at::Tensor& scores, double threshold);

/// The same where boxes drop only those of their own label, int64 [n].
at::Tensor nms_of_labels(const at::Tensor& boxes, const at::Tensor& scores,
                         const at::Tensor& labels, double threshold);

}  // namespace hfc::detection
