// Networks asked about images seen through masks.
#pragma once

#include "mask/network.h"

namespace hfc::mask {

struct Predictions {
    at::Tensor classes;      ///< int64 [N] on the CPU: the largest logit
    at::Tensor confidences;  ///< float32 [N]: its softmax probability
};

/// What the model takes the masked images for, in evaluation mode. mask: [H, W], [C, H, W], [1, C
/// or 1, H, W], or one an image [N, C or 1, H, W]; undefined: no mask. Throws Error for another
/// shape and for images the model cannot take.
Predictions predict(model::Model& model, const Source& source, const at::Tensor& mask,
                    int64_t batch_size = 100);

/// The same of a network at hand, in the caller's gradient mode.
Predictions predict(const Network& network, const Source& source, const at::Tensor& mask,
                    int64_t batch_size);

/// The share of masked images that are given their labels. Throws Error as predict() does, and for
/// labels that the model cannot give.
double accuracy(model::Model& model, const Source& source, const at::Tensor& mask,
                int64_t batch_size = 100);

/// Ones where the mask is above `value`, else zeros.
at::Tensor threshold(const at::Tensor& mask, double value);

/// Ones at the share, in [0,1], of frequencies where a map [..., H, W] is largest, else zeros; each
/// [H, W] by itself. Frequencies as large as the last one kept are kept too, and so always k and -k
/// of a symmetric map. What is not a number, as frequencies that a scan did not visit, is never
/// kept, even where fewer than the share remain.
at::Tensor largest(const at::Tensor& map, double share);

}  // namespace hfc::mask
