// MNIST and its relatives: IDX files (LeCun et al., 1998), gzipped or not.
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
/// t10k-labels-idx1-ubyte, each optionally with .gz at the end.
const std::vector<std::string>& idx_files();

/// Returns the files in `folder` that have one of the usual names for `name` (one of idx_files()).
/// All of these names start with `prefix` ("emnist-letters-"). They may have a dot in place of the
/// hyphen before "idx", "test" in place of "t10k", or .gz at the end; files with .gz come first.
std::vector<std::filesystem::path> idx_candidates(const std::filesystem::path& folder,
                                                  const std::string& name,
                                                  const std::string& prefix = "");

/// Reads the four files in `folder`: images of 28 x 28 bytes, and labels below the number of class
/// names. Throws Error naming the file and the expected and actual values for a wrong magic number,
/// wrong dimensions, different counts, a label out of range, and missing or extra bytes. If a file
/// is damaged, the next intact candidate is read instead, and `notes` says so.
Pair load_idx(const std::string& name, const std::filesystem::path& folder,
              const std::vector<std::string>& class_names, const std::string& prefix = "",
              std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
