// The data sets on which the model is measured after each epoch.
#pragma once

#include "model/measure.h"
#include "train/train.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Returns the options with the validation set as the first probe. Throws Error if another probe is
/// already named "validation".
TrainOptions with_validation(const TrainOptions& options);

/// Returns at most `samples` images of each probe, or all of them if `samples` is 0. Views of the
/// same images get the same subset, because the choice depends only on their number and the seed.
std::vector<model::Probe> sample(const std::vector<model::Probe>& probes, int64_t samples,
                                 uint64_t seed);

}  // namespace hfc::train
