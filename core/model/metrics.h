// What logits are worth: numbers computed from logits and labels alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::model {

/// The cross-entropy of each image: [N] of the dtype of the logits [N, classes]. labels: int64 [N]
/// on any device.
at::Tensor cross_entropies(const at::Tensor& logits, const at::Tensor& labels);

/// Whether an image's label is among the `top` classes of the largest logits: bool [N]. Of equal
/// logits, the class of the smaller number counts first. Throws Error unless 1 <= top <= classes.
at::Tensor is_right(const at::Tensor& logits, const at::Tensor& labels, int64_t top = 1);

/// Row: the label; column: the class predicted. int64 [classes, classes]. Throws Error for a label
/// outside 0 to classes - 1.
at::Tensor confusion_matrix(const at::Tensor& logits, const at::Tensor& labels);

/// The fraction of each class's images that are given their label: float64 [classes], NaN for a
/// class without images.
at::Tensor class_accuracies(const at::Tensor& logits, const at::Tensor& labels);

/// The expected calibration error (Guo et al. 2017, 'On calibration of modern neural networks'), in
/// [0,1]: images are put by their confidence into `bins` bins ((i - 1) / bins, i / bins]; the sum
/// over bins of |accuracy - mean confidence|, weighted by their images. Throws Error for bins below
/// 1 and for no images.
double calibration_error(const at::Tensor& logits, const at::Tensor& labels, int64_t bins = 15);

}  // namespace hfc::model
