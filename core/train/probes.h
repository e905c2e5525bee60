// Which data sets are measured after each epoch.
#pragma once

#include "model/measure.h"
#include "train/train.h"

#include <cstdint>
#include <vector>

namespace hfc::train {

/// The same options with the validation set as the first probe. Throws Error where a probe has its
/// name.
TrainOptions with_validation(const TrainOptions& options);

/// At most `samples` images of each probe, 0: all. Views on the same images are given the same
/// part, since the part depends on their size and the seed alone.
std::vector<model::Probe> sample(const std::vector<model::Probe>& probes, int64_t samples,
                                 uint64_t seed);

}  // namespace hfc::train
