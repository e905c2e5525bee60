// The loss of a step, averaged over the images of all processes.
#pragma once

#include "parallel/group.h"
#include "train/objective.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// The loss of one batch.
struct BatchLoss {
    Loss loss;               ///< without a graph
    int64_t images = 0;      ///< the loss is the mean over this many images
    int64_t all_images = 0;  ///< the number of images of the batch on all processes
};

/// Replaces each loss and term with its mean over the batch's images on all processes. The means
/// are bit-identical on all processes. If the loss of any process is not finite, neither is the
/// mean. Does nothing if there is only one process. Throws Error if the processes' losses have
/// different terms.
void join_losses(parallel::Group& group, std::vector<BatchLoss>& batches);

}  // namespace hfc::train
