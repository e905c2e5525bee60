// CIFAR-100 in its binary version, and CIFAR-10 and CIFAR-100 in their Python version (Krizhevsky,
// 2009).
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// train.bin, test.bin.
const std::vector<std::string>& cifar100_files();
/// Reads the files in `folder`: records with a coarse label, a fine label, and 1024 bytes each of
/// red, green and blue. coarse: use the 20 superclasses instead of the 100 classes. Throws Error
/// naming the file if its size is wrong or a label is out of range.
Pair load_cifar100(const std::filesystem::path& folder, bool coarse);

/// data_batch_1 .. data_batch_5, test_batch.
const std::vector<std::string>& cifar10_python_files();
/// train, test.
const std::vector<std::string>& cifar100_python_files();
/// Reads the pickles in `folder`: a dict with "data", an array of bytes [N, 3072], and "labels" (or
/// "fine_labels", "coarse_labels"). Nothing in them is executed. Throws Error naming the file if it
/// cannot be used.
Pair load_cifar10_python(const std::filesystem::path& folder);
Pair load_cifar100_python(const std::filesystem::path& folder, bool coarse);

/// The names of the classes, in the order of their labels.
const std::vector<std::string>& cifar100_class_names(bool coarse);

}  // namespace hfc::data
