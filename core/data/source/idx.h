// MNIST and its relatives: IDX files (LeCun et al., 1998), gzipped or not.
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
/// t10k-labels-idx1-ubyte; each may end in .gz.
const std::vector<std::string>& idx_files();

/// The files in `folder` that are this one of idx_files() under a usual name: with `prefix`
/// ("emnist-letters-") before it, a dot before "idx", "test" for "t10k", .gz behind it (these come
/// first).
std::vector<std::filesystem::path> idx_candidates(const std::filesystem::path& folder,
                                                  const std::string& name,
                                                  const std::string& prefix = "");

/// Reads the four files in `folder`: images of 28 x 28 bytes, and labels below the number of class
/// names. Throws Error naming the file, what was expected and what was found for a wrong magic
/// number, wrong dimensions, counts that differ, a label out of range, and bytes missing or too
/// many. If a file is damaged and another of its candidates is not, that one is read, and `notes`
/// says so.
Pair load_idx(const std::string& name, const std::filesystem::path& folder,
              const std::vector<std::string>& class_names, const std::string& prefix = "",
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
