// Networks asked about images seen through masks.
#pragma once

#include "data/dataset.h"
#include "model/measure.h"

namespace hfc::mask {

/// What the model takes the masked images for, in evaluation mode. mask: [H, W], [C, H, W], [1, C
/// or 1, H, W], or one an image [N, C or 1, H, W]; undefined: no mask. Throws Error for another
/// shape, and as model::predict() does.
model::Predictions predict_masked(model::Model& model, const data::Dataset& dataset,
                                  const at::Tensor& mask,
                                  const model::Inference::Options& options = {});

/// The fraction of masked images that are given their labels. Throws Error as predict_masked()
/// does, and for labels that the model cannot give.
double masked_accuracy(model::Model& model, const data::Dataset& dataset, const at::Tensor& mask,
                       const model::Inference::Options& options = {});

/// Ones where the mask is above `value`, else zeros.
at::Tensor threshold(const at::Tensor& mask, double value);

/// Ones at the share, in [0,1], of frequencies where a map [..., H, W] is largest, else zeros; each
/// [H, W] by itself. Frequencies as large as the last one kept are kept too, and so always k and -k
/// of a symmetric map. What is not a number, as frequencies that a scan did not visit, is never
/// kept, even where fewer than the share remain.
at::Tensor largest(const at::Tensor& map, double share);

}  // namespace hfc::mask
