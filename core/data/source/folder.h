// A data set of one's own: picture files, one folder a class.
#pragma once

#include "data/dataset.h"
#include "image_file/read_picture.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hfc::data {

struct FolderOptions {
    int64_t image_size = 224;  ///< side of the central square that is kept
    int64_t resize = 0;        ///< the shorter side before that; 0: image_size
    image_file::PictureOptions pictures = {};
    /// Whether pictures are read as they are asked for, or decoded at once (into a file where
    /// memory is short). Unset: decoded where both parts fit into what is left of
    /// default_pixel_memory().
    std::optional<bool> stream = {};
    /// A file that makes classes of several folders: see class_file.h. Empty: each folder is one.
    std::filesystem::path classes = {};
};

/// Reads folder/train/CLASS/* and folder/val/CLASS/* (or folder/test, where there is no val):
/// picture files by their endings (ImageFolder's), also in folders of the class folder, hidden ones
/// left out. Each is made RGB, set upright (by default), resized as Pillow does it (antialiased)
/// and cropped as torchvision's Resize(resize) and CenterCrop(image_size) do. Classes are numbered
/// in the order of their names, pictures follow in ImageFolder's order. Throws Error naming the
/// folder or file where a part is missing, has no classes or others than the training part, and
/// where a class has no pictures, and where `classes` does not fit the folders; up to ten pictures
/// that do not decode are named together, of streamed ones in the batch that they belong to. notes:
/// receives a sentence for each part that has other files, or folders of no class.
Pair load_folder(const std::filesystem::path& folder, const FolderOptions& options,
                 std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
