// MNIST and Fashion-MNIST: IDX files (LeCun et al., 1998), gzipped or not.
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
/// t10k-labels-idx1-ubyte; each may end in .gz.
const std::vector<std::string>& idx_files();

/// Reads the four files in `folder`: images of 28 x 28 bytes, and labels below the number of class
/// names. Throws Error naming the file, what was expected and what was found for a wrong magic
/// number, wrong dimensions, counts that differ, a label out of range, and bytes missing or too
/// many.
Pair load_idx(const std::string& name, const std::filesystem::path& folder,
              const std::vector<std::string>& class_names);

}  // namespace hfc::data
