// Classes that are made of several folders of pictures, as a JSON file says.
#pragma once

#include "image_file/list_folder.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

/// The folders from one name to another, both included, in the order of bytes.
struct FolderInterval {
    std::string first;
    std::string last;
    bool operator==(const FolderInterval&) const = default;
};

struct ClassRule {
    std::string name;
    std::vector<FolderInterval> folders;
};

/// A file {"dog": "n02085620..n02113978", "cat": ["n02123045", "n02123159"]}: each class has a
/// folder's name, an interval of names, or a list of both. The order in the file is that of the
/// labels.
struct ClassFile {
    std::filesystem::path path;
    std::vector<ClassRule> classes;
};

/// Throws Error naming `path`, the byte or the class where it is not as ClassFile says.
ClassFile parse_classes(std::string_view text, const std::filesystem::path& path);
ClassFile read_classes(const std::filesystem::path& path);

struct ChosenFolders {
    std::vector<image_file::PictureClass> classes;
    std::vector<std::string> left_out;  ///< folders of no class
};

/// Which of `folders` (sorted by byte), found in `where`, belong to which class. Throws Error
/// naming the file and the class for a folder of two classes, for a class without folders, and for
/// a folder that is named but not there.
ChosenFolders choose_folders(const ClassFile& file, const std::vector<std::string>& folders,
                             const std::string& where);

/// Each folder a class of its name.
std::vector<image_file::PictureClass> classes_of_folders(const std::vector<std::string>& folders);

}  // namespace hfc::data
