// Power spectra of images, and the gradients of a network's loss.
#pragma once

#include "data/dataset.h"
#include "model/inference.h"

namespace hfc::sensitivity {

/// The mean of |X(k)|^2 / (H W) over the images, for each channel: float64 [C, H, W] on the CPU,
/// zero-frequency component first. Its sum over the frequencies is an image's sum of squares,
/// averaged over the images (Parseval). Labels are not needed.
at::Tensor power_spectrum(const data::Dataset& dataset, int64_t batch_size = 100);

/// The gradients of the sum of cross-entropies with respect to the images: float32 [N, C, H, W] on
/// the CPU. The gradient of an image does not depend on its batch. Runs in evaluation mode; the
/// network's parameters and their gradients do not change. Throws Error for images and labels that
/// do not fit the network.
at::Tensor input_gradients(model::Model& model, const data::Dataset& dataset,
                           const model::Inference::Options& options = {});

}  // namespace hfc::sensitivity
