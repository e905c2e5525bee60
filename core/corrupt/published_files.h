// CIFAR-10-C as its authors publish it.
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>

namespace hfc::corrupt {

/// The images of `dataset`, a view of CIFAR-10's test images without transforms, as the published
/// files have them: KIND.npy, uint8 [50 000, 32, 32, 3], 10 000 rows for each severity, and
/// labels.npy. Only the rows of the severity are read. Throws Error for another data set, and
/// naming the file where one is missing, has another shape or other labels.
data::Dataset published(const data::Dataset& dataset, const std::string& kind, int64_t severity,
                        const std::filesystem::path& folder);

}  // namespace hfc::corrupt
