// Metrics: numbers computed only from logits and labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::model {

/// The cross-entropy of each image: [N], with the dtype of the logits [N, classes]. labels: int64
/// [N] on any device.
at::Tensor cross_entropies(const at::Tensor& logits, const at::Tensor& labels);

/// Whether an image's label is among the `top` classes with the largest logits: bool [N]. Among
/// equal logits, the class with the smaller number comes first. Throws Error unless 1 <= top <=
/// classes.
at::Tensor is_right(const at::Tensor& logits, const at::Tensor& labels, int64_t top = 1);

/// Rows are labels, columns are predicted classes. int64 [classes, classes]. Throws Error for a
/// label outside 0 to classes - 1.
at::Tensor confusion_matrix(const at::Tensor& logits, const at::Tensor& labels);

/// The fraction of each class's images that are classified correctly: float64 [classes], NaN for a
/// class without images.
at::Tensor class_accuracies(const at::Tensor& logits, const at::Tensor& labels);

/// The expected calibration error (Guo et al. 2017, 'On calibration of modern neural networks'), in
/// [0,1]. Images are sorted by their confidence into `bins` bins ((i - 1) / bins, i / bins]. The
/// result is the sum over the bins of |accuracy - mean confidence|, weighted by the number of
/// images. Throws Error if bins < 1 or there are no images.
double calibration_error(const at::Tensor& logits, const at::Tensor& labels, int64_t bins = 15);

}  // namespace hfc::model
