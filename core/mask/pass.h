// Passes of images through masks and a network: what a fit goes down by.
#pragma once

#include "mask/learn.h"
#include "model/inference.h"

namespace hfc::mask {

/// What one pass of images through their masks gave.
struct Pass {
    at::Tensor gradients;  ///< of the images
    at::Tensor losses;     ///< [n], without the L1 term
    at::Tensor right;      ///< bool [n]: given their labels
};

/// images: [n, C, H, W] as their masks show them; labels: [n]; clean: the cross-entropy of the
/// images without masks, [n]; share: what an image's loss counts for in the gradients. Throws Error
/// for a network without gradients.
Pass pass_through(const model::Inference& network, Loss loss, const at::Tensor& images,
                  const at::Tensor& labels, const at::Tensor& clean, double share);

/// What a network makes of images without masks.
struct Clean {
    at::Tensor cross_entropy;  ///< float32 [N] on the network's device
    int64_t right = 0;         ///< images that are given their labels
};

Clean clean_of(const model::Inference& network, const data::Dataset& dataset);

}  // namespace hfc::mask
