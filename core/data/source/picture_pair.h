// What data sets of picture files have in common, in folders or in tars: classes, and two parts
// made of them.
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

/// Resize and central crop as the options say. Throws Error for sizes out of range.
image_file::PictureRecipe recipe_of(const FolderOptions& options);

/// options.classes, if there is such a file.
std::optional<ClassFile> class_file_of(const FolderOptions& options);

/// The folders of a part (sorted by byte) as classes: those of `file`, else each folder one. notes:
/// receives a sentence where folders are left out.
std::vector<image_file::PictureClass> classes_in(const std::string& part,
                                                 const std::vector<std::string>& folders,
                                                 const std::optional<ClassFile>& file,
                                                 std::vector<std::string>* notes);

/// Throws Error naming the folders that only one of the parts has.
void require_same_folders(const std::string& train,
                          const std::vector<image_file::PictureClass>& train_classes,
                          const std::string& test,
                          const std::vector<image_file::PictureClass>& test_classes);

/// How many files have which ending, ".txt" or "", as a sentence in notes. Nothing for none.
void note_left_out(const std::string& part, const std::map<std::string, int64_t>& left_out,
                   std::vector<std::string>* notes);

/// "4 .jfif, 1 .txt" or "".
std::string listed_endings(const std::map<std::string, int64_t>& left_out);

/// ".jpg, .jpeg, .png, ... or .webp"
std::string picture_endings();

/// Two parts of the data set `name`, decoded or streamed as options.stream says.
Pair pair_of_pictures(const std::string& name, std::shared_ptr<const PictureFiles> train,
                      std::shared_ptr<const PictureFiles> test, const FolderOptions& options);

}  // namespace hfc::data
