#include "data/source/folder.h"

#include "base/error.h"
#include "data/source/picture_pair.h"
#include "image_file/list_folder.h"

#include <algorithm>
#include <map>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

bool is_folder(const Path& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error);
}

std::vector<std::string> class_folders(const Path& part) {
    auto names = image_file::list_classes(part);
    require(!names.empty(),
            "'{}' has no class directories; expected one directory of images for each class",
            part.string());
    return names;
}

std::string class_text(const Path& part, const image_file::PictureClass& one) {
    return one.folders.size() == 1 && one.folders.front() == one.name
               ? fmt::format("the class directory '{}'", (part / one.name).string())
               : fmt::format("the class '{}' of '{}'", one.name, part.string());
}

image_file::PictureList list_part(const Path& part,
                                  const std::vector<image_file::PictureClass>& classes,
                                  std::vector<std::string>* notes) {
    auto pictures = image_file::list_pictures(part, classes);
    std::map<std::string, int64_t> all_left_out;
    for (size_t label = 0; label < classes.size(); ++label) {
        const auto& left_out = pictures.left_out(static_cast<int64_t>(label));
        require(pictures.count(static_cast<int64_t>(label)) > 0,
                "{} has no images; expected at least one file that ends in {}, found {}",
                class_text(part, classes[label]), picture_endings(),
                left_out.empty() ? "nothing" : "only other files: " + listed_endings(left_out));
        for (const auto& [extension, count] : left_out) {
            all_left_out[extension] += count;
        }
    }
    note_left_out(part.string(), all_left_out, notes);
    return pictures;
}

}  // namespace

Pair load_folder(const Path& folder, const FolderOptions& options,
                 std::vector<std::string>* notes) {
    recipe_of(options);  // refuses impossible sizes first
    const auto expected = "expected DIR/train/CLASS/* and DIR/val/CLASS/* (or DIR/test/CLASS/*)";
    require(is_folder(folder), "the directory '{}' does not exist; {}", folder.string(), expected);
    const auto train = folder / "train";
    const auto test = is_folder(folder / "val") ? folder / "val" : folder / "test";
    require(is_folder(train), "the directory '{}' does not exist; {}", train.string(), expected);
    require(is_folder(test), "neither the directory '{}' nor '{}' exists; {}",
            (folder / "val").string(), test.string(), expected);
    const auto file = class_file_of(options);
    const auto train_classes = classes_in(train.string(), class_folders(train), file, notes);
    const auto test_classes = classes_in(test.string(), class_folders(test), file, notes);
    require_same_folders(train.string(), train_classes, test.string(), test_classes);
    // Both "pictures/." and "pictures/" get the name "pictures".
    auto named = std::filesystem::absolute(folder).lexically_normal();
    if (!named.has_filename()) {
        named = named.parent_path();
    }
    const auto name = named.filename().string();
    const auto files = [&](const Path& part, const auto& classes) {
        return std::make_shared<const FolderFiles>(list_part(part, classes, notes));
    };
    auto train_files = files(train, train_classes);
    return pair_of_pictures(name, std::move(train_files), files(test, test_classes), options);
}

}  // namespace hfc::data
