// CIFAR-10-C as its authors published it.
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>

namespace hfc::corrupt {

/// Returns the published corrupted versions of the images of `dataset`, a view of CIFAR-10's test
/// images without transforms. The files are KIND.npy, uint8 [50 000, 32, 32, 3] with 10 000 rows
/// per severity, and labels.npy. Only the rows of this severity are read. Throws Error for any
/// other data set. Throws Error naming a file that is missing, has the wrong shape, or contains
/// labels that differ from CIFAR-10's.
data::Dataset published(const data::Dataset& dataset, const std::string& kind, int64_t severity,
                        const std::filesystem::path& folder);

}  // namespace hfc::corrupt
