// Power spectra of images and of what moves a network.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

namespace hfc::sensitivity {

/// The mean over images of |X(k)|^2 / (H W), channel by channel: float64 [C, H, W] on the CPU, zero
/// frequency first. Its sum over frequencies is the mean image's sum of squares (Parseval). Labels
/// are not needed.
at::Tensor power_spectrum(const data::Dataset& dataset, int64_t batch_size = 100);

/// Gradients of the sum of cross-entropies with respect to the images: float32 [N, C, H, W] on the
/// CPU, an image's own whatever its batch. Evaluation mode; the network's parameters and their
/// gradients stay as they are. Throws Error for images and labels that do not fit the network.
at::Tensor input_gradients(model::Model& model, const data::Dataset& dataset,
                           const model::Inference::Options& options = {});

}  // namespace hfc::sensitivity
