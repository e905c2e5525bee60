// Evaluates networks on masked images.
#pragma once

#include "data/dataset.h"
#include "model/measure.h"

namespace hfc::mask {

/// Returns the model's predictions for the masked images, in evaluation mode. mask: [H, W], [C, H,
/// W], [1, C or 1, H, W], or one mask per image [N, C or 1, H, W]; undefined means no mask. Throws
/// Error for any other shape, and whenever model::predict() does.
model::Predictions predict_masked(model::Model& model, const data::Dataset& dataset,
                                  const at::Tensor& mask,
                                  const model::Inference::Options& options = {});

/// The fraction of masked images that are classified correctly. Throws Error whenever
/// predict_masked() does, and for labels that are not classes of the model.
double masked_accuracy(model::Model& model, const data::Dataset& dataset, const at::Tensor& mask,
                       const model::Inference::Options& options = {});

/// Ones where the mask is above `value`, and zeros elsewhere.
at::Tensor threshold(const at::Tensor& mask, double value);

/// Keeps the given fraction, in [0,1], of the frequencies: ones where a map [..., H, W] is largest,
/// and zeros elsewhere. Each [H, W] map is processed separately. Values equal to the smallest kept
/// value are also kept, so k and -k of a symmetric map are always kept together. NaN values, such
/// as frequencies that a scan did not visit, are never kept, even if fewer than the given fraction
/// remain.
at::Tensor largest(const at::Tensor& map, double share);

}  // namespace hfc::mask
