// Runs detectors on data sets, and defines the loss for training them.
#pragma once

#include "data/dataset.h"
#include "detection/average_precision.h"
#include "detection/retinanet.h"
#include "train/objective.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace hfc::detection {

struct DetectOptions {
    /// The number of pictures per forward pass, at least 1. The default is 8 if all pictures have
    /// the same size. Otherwise, it is 1, because padding would change a picture's result.
    std::optional<int64_t> batch_size = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
};

/// The detections in a data set's pictures. `truth` contains the data set's annotations.
struct FoundInSet {
    std::shared_ptr<const data::Annotations> truth;
    std::vector<Detection> rows;
};

/// Runs in evaluation mode without gradients, and restores the detector's mode. Detections with a
/// label that is not a category of the data set are left out. Calls check_interrupt() between
/// batches. Throws Error for a data set without boxes. If there are several processes, they divide
/// the batches among themselves, and each receives all rows.
FoundInSet detect(Detector& detector, const data::Dataset& dataset,
                  const DetectOptions& options = {});

/// "detection" for make_objective(): focal loss plus the absolute differences of the codes. The
/// metric for probes is COCO's average precision.
train::ObjectiveKind detection_objective();

}  // namespace hfc::detection
