// Your own data set: picture files, with one directory per class.
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
    int64_t image_size = 224;  ///< the side of the central square to keep
    int64_t resize = 0;        ///< the shorter side before cropping; 0 means image_size
    image_file::PictureOptions pictures = {};
    /// Whether pictures are read when needed or decoded immediately (into a file if memory is
    /// short). If unset, they are decoded immediately if both splits fit into free_pixel_memory().
    std::optional<bool> stream = {};
    /// A file that makes classes from several directories: see class_file.h. If empty, each
    /// directory is a class.
    std::filesystem::path classes = {};
};

/// Reads folder/train/CLASS/* and folder/val/CLASS/* (or folder/test if there is no val). Picture
/// files are recognised by their extensions (ImageFolder's) and may be in subdirectories; hidden
/// files and directories are ignored. Each picture is converted to RGB, rotated upright (by
/// default), resized as Pillow does (antialiased) and cropped as torchvision's Resize(resize) and
/// CenterCrop(image_size) do. Classes are numbered in the order of their names, and pictures are
/// sorted in ImageFolder's order. Throws Error naming the directory or file if a split is missing
/// or has no classes, if the splits have different classes, if a class has no pictures, or if the
/// file `classes` does not match the directories. Throws Error for pictures that cannot be decoded,
/// naming up to ten of them; if pictures are streamed, this error is thrown when their batch is
/// read. notes: receives a sentence for each split that contains other files, or directories
/// without a class.
Pair load_folder(const std::filesystem::path& folder, const FolderOptions& options,
                 std::vector<std::string>* notes = nullptr);

}  // namespace hfc::data
