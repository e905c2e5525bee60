// The picture files below a folder of class folders, as torchvision's ImageFolder lists them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// The endings of ImageFolder, in small letters: ".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm",
/// ".tif", ".tiff", ".webp".
std::span<const std::string_view> picture_extensions();

/// Whether a name ends so.
bool is_picture_name(std::string_view name);

/// A class and the folders that its pictures lie in.
struct PictureClass {
    std::string name;
    std::vector<std::string> folders;
};

/// Picture files in the order of their classes, and of their folders and names within. A million
/// names like ImageNet's take some 11 MB.
class PictureList {
  public:
    int64_t size() const { return size_; }
    const std::filesystem::path& root() const { return root_; }
    /// In the order of the labels. A class may have no pictures.
    const std::vector<std::string>& class_names() const { return class_names_; }
    /// How many pictures a class has.
    int64_t count(int64_t label) const;
    int64_t label(int64_t i) const;
    /// "cat/more/x.jpg"
    std::string name(int64_t i) const;
    std::filesystem::path path(int64_t i) const { return root_ / name(i); }
    /// How many files of a class end otherwise, by their ending in small letters ("" for none).
    const std::map<std::string, int64_t>& left_out(int64_t label) const;

  private:
    friend class Listing;
    /// The pictures of one folder: their names, each with its closing zero, one behind the other,
    /// without the beginning and the end that all share.
    struct Folder {
        std::string path;  ///< below root_
        int64_t label = 0;
        int64_t first = 0;  ///< the number of its first picture
        std::string prefix, suffix;
        std::string names;
        std::vector<uint32_t> begins;
    };
    const Folder& folder_of(int64_t i) const;

    std::filesystem::path root_;
    std::vector<std::string> class_names_;
    std::vector<Folder> folders_;  ///< those that have pictures
    std::vector<std::map<std::string, int64_t>> left_out_;
    int64_t size_ = 0;
};

/// The names of the folders in `root` that are not hidden, sorted by byte. Throws Error naming the
/// folder where it cannot be read.
std::vector<std::string> list_classes(const std::filesystem::path& root);

/// Lists the pictures of these classes (default: each folder a class), also in the folders below
/// them and those that links lead to. Hidden files and folders are left out. No file is looked at,
/// only its name. Throws Error naming the folder where one cannot be read or is a link that leads
/// back.
PictureList list_pictures(const std::filesystem::path& root);
PictureList list_pictures(const std::filesystem::path& root,
                          const std::vector<PictureClass>& classes);

}  // namespace hfc::image_file
