// Passes masked images through a network and computes the gradients for fitting the masks.
#pragma once

#include "mask/learn.h"
#include "model/inference.h"

namespace hfc::mask {

/// The results of one pass of masked images through the network.
struct Pass {
    at::Tensor gradients;  ///< with respect to the images
    at::Tensor losses;     ///< [n], without the L1 term
    at::Tensor right;      ///< bool [n]: whether the image is classified correctly
};

/// images: the masked images, [n, C, H, W]. labels: [n]. clean: the cross-entropy of the images
/// without masks, [n]. share: the weight of an image's loss in the gradients. Throws Error if the
/// network's output does not depend differentiably on the images.
Pass pass_through(const model::Inference& network, Loss loss, const at::Tensor& images,
                  const at::Tensor& labels, const at::Tensor& clean, double share);

/// The results of a network for images without masks.
struct Clean {
    at::Tensor cross_entropy;  ///< float32 [N] on the network's device
    int64_t right = 0;         ///< the number of images classified correctly
};

Clean clean_of(const model::Inference& network, const data::Dataset& dataset);

}  // namespace hfc::mask
