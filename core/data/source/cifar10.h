// CIFAR-10 in its binary version (Krizhevsky, 2009).
#pragma once

#include "data/dataset.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hfc::data {

/// The names of the classes, in the order of their labels.
const std::vector<std::string>& cifar10_class_names();

/// data_batch_1.bin .. data_batch_5.bin, test_batch.bin.
const std::vector<std::string>& cifar10_files();

/// Reads the files in `folder`. Each file has 10000 records (for tests, `records_a_file` sets a
/// different number). Each record has one label byte, and 1024 bytes each of red, green and blue.
/// Throws Error naming the file if its size is wrong or a label is 10 or more.
Pair load_cifar10(const std::filesystem::path& folder, int64_t records_a_file = 10000);

}  // namespace hfc::data
