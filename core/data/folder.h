// A data set of one's own: picture files, one folder a class.
#pragma once

#include "data/dataset.h"

#include <filesystem>

namespace hfc::data {

/// Reads folder/train/CLASS/* and folder/val/CLASS/* (or folder/test, where there is no val): files
/// that end in .jpg, .jpeg or .png in any case, also in folders of the class folder, hidden ones
/// left out, each made RGB, its shorter side resized to `image_size` and its centre cropped.
/// Classes are numbered in the order of their names, pictures follow in the order of theirs. Throws
/// Error naming the folder or file where a part is missing, has no classes or others than the
/// training part, where a class has no pictures, and where a picture does not decode. notes:
/// receives a sentence for each part that has other files.
Pair load_folder(const std::filesystem::path& folder, int64_t image_size,
                 std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
