// A detector on a data set, and in training.
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
    /// Pictures a forward pass, at least 1. Unset: 8 where all have one size, else 1, since padding
    /// changes a picture's result.
    std::optional<int64_t> batch_size = {};
    std::function<void(double)> after_batch = {};  ///< called with the fraction done, in (0,1]
};

/// What was found in the pictures of a data set, which `truth` holds.
struct FoundInSet {
    std::shared_ptr<const data::Annotations> truth;
    std::vector<Detection> rows;
};

/// Evaluation mode, no gradients; the detector's mode is restored. Detections of a label that no
/// category of the data set has are left out. Asks check_interrupt() between batches. Throws Error
/// for a data set without boxes. Several processes share the batches; all get all rows.
FoundInSet detect(Detector& detector, const data::Dataset& dataset,
                  const DetectOptions& options = {});

/// "detection" for make_objective(): focal loss and the absolute differences of the codes; the
/// probes are measured by COCO's average precision.
train::ObjectiveKind detection_objective();

}  // namespace hfc::detection
