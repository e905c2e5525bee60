// Classes that consist of several directories of pictures, as defined by a JSON file.
#pragma once

#include "image_file/list_folder.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::data {

/// The directories from one name to another (inclusive), in byte order.
struct FolderInterval {
    std::string first;
    std::string last;
    bool operator==(const FolderInterval&) const = default;
};

struct ClassRule {
    std::string name;
    std::vector<FolderInterval> folders;
};

/// A file {"dog": "n02085620..n02113978", "cat": ["n02123045", "n02123159"]}: each class is given
/// by the name of a directory, an interval of names, or a list of these. The order in the file is
/// the order of the labels.
struct ClassFile {
    std::filesystem::path path;
    std::vector<ClassRule> classes;
};

/// Parses a class file. Throws Error naming `path` and the byte or the class if the text is not a
/// ClassFile.
ClassFile parse_classes(std::string_view text, const std::filesystem::path& path);
ClassFile read_classes(const std::filesystem::path& path);

struct ChosenFolders {
    std::vector<image_file::PictureClass> classes;
    std::vector<std::string> left_out;  ///< directories without a class
};

/// Determines which of the `folders` (in byte order) belong to which class. Throws Error naming the
/// file and the class if a directory is in two classes, if a class has no directories, or if the
/// file lists a directory that does not exist. where: describes where the directories are, for
/// messages.
ChosenFolders choose_folders(const ClassFile& file, const std::vector<std::string>& folders,
                             const std::string& where);

/// Makes one class from each directory, with the directory's name.
std::vector<image_file::PictureClass> classes_of_folders(const std::vector<std::string>& folders);

}  // namespace hfc::data
