// Code shared by data sets made from picture files in directories and in tars: classes, and two
// splits.
#pragma once

#include "data/dataset.h"
#include "data/source/class_file.h"
#include "data/source/folder.h"
#include "data/source/picture_files.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::data {

/// Resize and central crop according to the options. Throws Error for sizes out of range.
image_file::PictureRecipe recipe_of(const FolderOptions& options);

/// The file options.classes, if there is one.
std::optional<ClassFile> class_file_of(const FolderOptions& options);

/// The directories of a split (in byte order) as classes: the classes that `file` defines or,
/// without a file, one class per directory. notes: receives a sentence if directories are left out.
std::vector<image_file::PictureClass> classes_in(const std::string& part,
                                                 const std::vector<std::string>& folders,
                                                 const std::optional<ClassFile>& file,
                                                 std::vector<std::string>* notes);

/// Throws Error naming the directories that only one of the splits has.
void require_same_folders(const std::string& train,
                          const std::vector<image_file::PictureClass>& train_classes,
                          const std::string& test,
                          const std::vector<image_file::PictureClass>& test_classes);

/// If files were left out, adds a sentence to `notes` saying how many have each extension (such as
/// ".txt" or "").
void note_left_out(const std::string& part, const std::map<std::string, int64_t>& left_out,
                   std::vector<std::string>* notes);

/// "4 .jfif, 1 .txt" or "".
std::string listed_endings(const std::map<std::string, int64_t>& left_out);

/// ".jpg, .jpeg, .png, ... or .webp"
std::string picture_endings();

/// Makes the two splits of the data set `name`, decoded or streamed according to options.stream.
Pair pair_of_pictures(const std::string& name, std::shared_ptr<const PictureFiles> train,
                      std::shared_ptr<const PictureFiles> test, const FolderOptions& options);

}  // namespace hfc::data
