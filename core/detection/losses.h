// The loss that a detector's training minimises.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hfc::detection {

/// The objects in a picture.
struct Objects {
    at::Tensor boxes;   ///< float32 [n, 4]: x1, y1, x2, y2
    at::Tensor labels;  ///< int64 [n]
};

/// Assigns each anchor to the object that it overlaps most. Returns the index of that object, int64
/// [anchors], or -1 for background (IoU below .4), or -2 for an IoU between .4 and .5. For each
/// object, the anchors that overlap it most (all of them, if there are ties) never get -1 or -2,
/// even if the IoU is below .5.
at::Tensor match(const at::Tensor& boxes, const at::Tensor& anchors);

struct DetectionLoss {
    at::Tensor classification;  ///< focal loss (Lin et al. 2017), alpha .25, gamma 2
    at::Tensor boxes;           ///< the absolute differences of the codes
};

/// Compares logits [n, anchors, classes] and codes [n, anchors, 4] with the objects of n pictures.
/// Each picture's sum is divided by the number of its anchors that are assigned to an object; the
/// result is the mean over the pictures.
DetectionLoss detection_loss(const at::Tensor& logits, const at::Tensor& codes,
                             const at::Tensor& anchors, const std::vector<Objects>& objects);

}  // namespace hfc::detection
