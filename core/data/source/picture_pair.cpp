#include "data/source/picture_pair.h"

#include "base/error.h"
#include "data/pixel_memory.h"
#include "data/source/pictures.h"

#include <algorithm>

namespace hfc::data {
namespace {

/// Sorted by byte.
std::vector<std::string> folders_of(const std::vector<image_file::PictureClass>& classes) {
    std::vector<std::string> folders;
    for (const auto& one : classes) {
        folders.insert(folders.end(), one.folders.begin(), one.folders.end());
    }
    std::ranges::sort(folders);
    return folders;
}

FolderOptions checked(FolderOptions options) {
    constexpr int64_t largest = 4096;
    require(options.image_size >= 1 && options.image_size <= largest,
            "image_size must be 1 to {} pixels, got {}", largest, options.image_size);
    if (options.resize == 0) {
        options.resize = options.image_size;
    }
    require(options.resize >= options.image_size && options.resize <= largest,
            "'resize' must be between {} (image_size) and {} pixels, got {}", options.image_size,
            largest, options.resize);
    return options;
}

}  // namespace

image_file::PictureRecipe recipe_of(const FolderOptions& given) {
    using image_file::StepKind;
    const auto options = checked(given);
    return image_file::PictureRecipe(
        {{StepKind::resize, options.resize}, {StepKind::center_crop, options.image_size}},
        options.pictures);
}

std::optional<ClassFile> class_file_of(const FolderOptions& options) {
    return options.classes.empty() ? std::nullopt : std::optional(read_classes(options.classes));
}

std::vector<image_file::PictureClass> classes_in(const std::string& part,
                                                 const std::vector<std::string>& folders,
                                                 const std::optional<ClassFile>& file,
                                                 std::vector<std::string>* notes) {
    if (!file) {
        return classes_of_folders(folders);
    }
    auto [classes, left_out] = choose_folders(*file, folders, part);
    if (notes != nullptr && !left_out.empty()) {
        notes->push_back(fmt::format(
            "'{}': {} of {} directories are not assigned to a class in '{}' and are left out (the "
            "first is "
            "'{}')",
            part, left_out.size(), folders.size(), file->path.string(), left_out.front()));
    }
    return classes;
}

void require_same_folders(const std::string& train,
                          const std::vector<image_file::PictureClass>& train_classes,
                          const std::string& test,
                          const std::vector<image_file::PictureClass>& test_classes) {
    const auto expected = folders_of(train_classes), found = folders_of(test_classes);
    const auto only_in_first = [](const std::vector<std::string>& first,
                                  const std::vector<std::string>& second) {
        std::vector<std::string> names;
        std::ranges::set_difference(first, second, std::back_inserter(names));
        if (names.size() > 5) {
            const auto more = names.size() - 5;
            names.resize(5);
            names.push_back(fmt::format("{} more", more));
        }
        return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
    };
    require(expected == found,
            "'{}' and '{}' must have the same class directories; only in the first: {}; only in "
            "the second: {}",
            train, test, only_in_first(expected, found), only_in_first(found, expected));
}

std::string listed_endings(const std::map<std::string, int64_t>& left_out) {
    std::vector<std::string> parts;
    for (const auto& [extension, count] : left_out) {
        if (!extension.empty()) {
            parts.push_back(fmt::format("{} {}", count, extension));
        }
    }
    if (const auto bare = left_out.find(""); bare != left_out.end()) {
        parts.push_back(fmt::format("{} without an extension", bare->second));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string picture_endings() {
    const auto all = image_file::picture_extensions();
    return fmt::format("{} or {}", fmt::join(all.first(all.size() - 1), ", "), all.back());
}

void note_left_out(const std::string& part, const std::map<std::string, int64_t>& left_out,
                   std::vector<std::string>* notes) {
    if (notes != nullptr && !left_out.empty()) {
        notes->push_back(fmt::format("'{}': files that do not end in {} are left out: {}", part,
                                     picture_endings(), listed_endings(left_out)));
    }
}

Pair pair_of_pictures(const std::string& name, std::shared_ptr<const PictureFiles> train,
                      std::shared_ptr<const PictureFiles> test, const FolderOptions& options) {
    const auto recipe = recipe_of(options);
    const auto first =
        std::make_shared<const PictureSource>(name + " train", std::move(train), recipe);
    const auto second =
        std::make_shared<const PictureSource>(name + " test", std::move(test), recipe);
    const bool stream =
        options.stream.value_or(first->bytes() + second->bytes() > free_pixel_memory());
    return stream ? Pair{Dataset(first), Dataset(second)}
                  : Pair{Dataset(decoded(first)), Dataset(decoded(second))};
}

}  // namespace hfc::data
