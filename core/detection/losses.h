// What a detector's training makes smaller.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hfc::detection {

/// The objects of a picture.
struct Objects {
    at::Tensor boxes;   ///< float32 [n, 4]: x1, y1, x2, y2
    at::Tensor labels;  ///< int64 [n]
};

/// Which object each anchor stands for: int64 [anchors], -1 for background (IoU below .4), -2 for
/// in between (below .5). Each object's best anchors, ties included, stand for their own best
/// object.
at::Tensor match(const at::Tensor& boxes, const at::Tensor& anchors);

struct DetectionLoss {
    at::Tensor classification;  ///< focal loss (Lin et al. 2017), alpha .25, gamma 2
    at::Tensor boxes;           ///< the absolute differences of the codes
};

/// logits [n, anchors, classes] and codes [n, anchors, 4] against the objects of n pictures: each
/// picture's sum divided by the number of its anchors that stand for an object, then the mean.
DetectionLoss detection_loss(const at::Tensor& logits, const at::Tensor& codes,
                             const at::Tensor& anchors, const std::vector<Objects>& objects);

}  // namespace hfc::detection
