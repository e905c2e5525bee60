// The loss of a step over the images of all processes.
#pragma once

#include "parallel/group.h"
#include "train/objective.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Of one batch.
struct BatchLoss {
    Loss loss;               ///< without a graph
    int64_t images = 0;      ///< that it is the mean of
    int64_t all_images = 0;  ///< of the batch, on all processes
};

/// Each loss and term becomes the mean over the batch's images on all processes, the same bits on
/// each. Not finite where that of one process is not. With one process it does nothing. Throws
/// Error where the processes' losses have other terms.
void join_losses(parallel::Group& group, std::vector<BatchLoss>& batches);

}  // namespace hfc::train
