// Lists the picture files below a directory of class directories in the order of torchvision's
// ImageFolder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// ImageFolder's extensions, in lower case: ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm",
/// ".tif", ".tiff", ".webp".
std::span<const std::string_view> picture_extensions();

/// Whether a name has one of these extensions.
bool is_picture_name(std::string_view name);

/// A class, and the directories that contain its pictures.
struct PictureClass {
    std::string name;
    std::vector<std::string> folders;
};

/// Picture files, ordered by class and, within a class, by directory and name. A million names like
/// ImageNet's take up about 11 MB.
class PictureList {
  public:
    int64_t size() const { return size_; }
    const std::filesystem::path& root() const { return root_; }
    /// In the order of the labels. A class may have no pictures.
    const std::vector<std::string>& class_names() const { return class_names_; }
    /// The number of pictures in a class.
    int64_t count(int64_t label) const;
    int64_t label(int64_t i) const;
    /// "cat/more/x.jpg"
    std::string name(int64_t i) const;
    std::filesystem::path path(int64_t i) const { return root_ / name(i); }
    /// The number of files in a class that have other extensions, keyed by extension in lower case
    /// ("" for files without an extension).
    const std::map<std::string, int64_t>& left_out(int64_t label) const;

  private:
    friend class Listing;
    /// The pictures of one directory. `names` contains their names one after another, without the
    /// common prefix and suffix, each ending with a zero byte.
    struct Folder {
        std::string path;  ///< relative to root_
        int64_t label = 0;
        int64_t first = 0;  ///< the number of its first picture
        std::string prefix, suffix;
        std::string names;
        std::vector<uint32_t> begins;
    };
    const Folder& folder_of(int64_t i) const;

    std::filesystem::path root_;
    std::vector<std::string> class_names_;
    std::vector<Folder> folders_;  ///< the directories that contain pictures
    std::vector<std::map<std::string, int64_t>> left_out_;
    int64_t size_ = 0;
};

/// The names of the directories in `root` that are not hidden, in byte order. Throws Error naming
/// the directory if it cannot be read.
std::vector<std::string> list_classes(const std::filesystem::path& root);

/// Lists the pictures of these classes (by default, one class per directory), including those in
/// subdirectories and in the targets of links. Hidden files and directories are left out. Only
/// names are read, not the files. Throws Error naming any directory that cannot be read or is a
/// link to a directory above it.
PictureList list_pictures(const std::filesystem::path& root);
PictureList list_pictures(const std::filesystem::path& root,
                          const std::vector<PictureClass>& classes);

}  // namespace hfc::image_file
