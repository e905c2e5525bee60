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

/// Reads the files in `folder`: 10000 records each of one label byte and 1024 bytes of red, green
/// and blue. records_a_file: another number, for tests. Throws Error naming the file for another
/// size and for a label of 10 or more.
Pair load_cifar10(const std::filesystem::path& folder, int64_t records_a_file = 10000);

}  // namespace hfc::data
