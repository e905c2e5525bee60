// The data sets that are measured after each epoch.
#pragma once

#include "model/measure.h"
#include "train/train.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// Returns the options with the validation set as the first probe. Throws Error if another probe
/// has its name.
TrainOptions with_validation(const TrainOptions& options);

/// Returns at most `samples` images of each probe, or all images for 0. Views of the same images
/// get the same subset, because it depends only on their size and the seed.
std::vector<model::Probe> sample(const std::vector<model::Probe>& probes, int64_t samples,
                                 uint64_t seed);

}  // namespace hfc::train
