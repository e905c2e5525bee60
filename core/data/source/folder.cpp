#include "data/source/folder.h"

#include "base/error.h"
#include "data/pixel_memory.h"
#include "data/source/pictures.h"
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

/// "4 .jfif, 1 .txt" or "".
std::string listed(const std::map<std::string, int64_t>& left_out) {
    std::vector<std::string> parts;
    for (const auto& [extension, count] : left_out) {
        if (!extension.empty()) {
            parts.push_back(fmt::format("{} {}", count, extension));
        }
    }
    if (const auto bare = left_out.find(""); bare != left_out.end()) {
        parts.push_back(fmt::format("{} without an ending", bare->second));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

/// ".jpg, .jpeg, .png, ... or .webp"
std::string endings() {
    const auto all = image_file::picture_extensions();
    return fmt::format("{} or {}", fmt::join(all.first(all.size() - 1), ", "), all.back());
}

std::vector<std::string> class_names(const Path& part) {
    auto names = image_file::list_classes(part);
    require(!names.empty(),
            "'{}' has no class folders, expected one folder of pictures for each class",
            part.string());
    return names;
}

void require_same_classes(const Path& train, const std::vector<std::string>& expected,
                          const Path& test, const std::vector<std::string>& found) {
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
            "'{}' and '{}' must have the same class folders; only in the first: {}; only "
            "in the second: {}",
            train.string(), test.string(), only_in_first(expected, found),
            only_in_first(found, expected));
}

image_file::PictureList list_part(const Path& part, const std::vector<std::string>& classes,
                                  std::vector<std::string>* notes) {
    auto pictures = image_file::list_pictures(part, classes);
    std::map<std::string, int64_t> all_left_out;
    for (size_t label = 0; label < classes.size(); ++label) {
        const auto& left_out = pictures.left_out(static_cast<int64_t>(label));
        require(pictures.count(static_cast<int64_t>(label)) > 0,
                "the class folder '{}' has no pictures, expected at least one file {}, "
                "found {}",
                (part / classes[label]).string(), endings(),
                left_out.empty() ? "nothing" : "only others: " + listed(left_out));
        for (const auto& [extension, count] : left_out) {
            all_left_out[extension] += count;
        }
    }
    if (notes != nullptr && !all_left_out.empty()) {
        notes->push_back(fmt::format("'{}': files that do not end in {} are left out: {}",
                                     part.string(), endings(), listed(all_left_out)));
    }
    return pictures;
}

image_file::PictureRecipe recipe_of(const FolderOptions& options) {
    using image_file::StepKind;
    return image_file::PictureRecipe(
        {{StepKind::resize, options.resize}, {StepKind::center_crop, options.image_size}},
        options.pictures);
}

FolderOptions checked(FolderOptions options) {
    constexpr int64_t largest = 4096;
    require(options.image_size >= 1 && options.image_size <= largest,
            "image_size must be 1 to {} pixels, got {}", largest, options.image_size);
    if (options.resize == 0) {
        options.resize = options.image_size;
    }
    require(options.resize >= options.image_size && options.resize <= largest,
            "resize must be {} (image_size) to {} pixels, got {}", options.image_size, largest,
            options.resize);
    return options;
}

}  // namespace

Pair load_folder(const Path& folder, const FolderOptions& given, std::vector<std::string>* notes) {
    const auto options = checked(given);
    const auto expected = "expected DIR/train/CLASS/* and DIR/val/CLASS/* (or DIR/test/CLASS/*)";
    require(is_folder(folder), "there is no folder '{}'; {}", folder.string(), expected);
    const auto train = folder / "train";
    const auto test = is_folder(folder / "val") ? folder / "val" : folder / "test";
    require(is_folder(train), "there is no folder '{}'; {}", train.string(), expected);
    require(is_folder(test), "there is neither a folder '{}' nor '{}'; {}",
            (folder / "val").string(), test.string(), expected);
    const auto classes = class_names(train);
    require_same_classes(train, classes, test, class_names(test));
    // "pictures/." and "pictures/" are called pictures.
    auto named = std::filesystem::absolute(folder).lexically_normal();
    if (!named.has_filename()) {
        named = named.parent_path();
    }
    const auto name = named.filename().string();
    const auto source_of = [&](const char* part, const Path& path) {
        return std::make_shared<const PictureSource>(
            name + part,
            std::make_shared<const image_file::PictureList>(list_part(path, classes, notes)),
            recipe_of(options));
    };
    const auto first = source_of(" train", train), second = source_of(" test", test);
    const bool stream =
        options.stream.value_or(first->bytes() + second->bytes() > free_pixel_memory());
    return stream ? Pair{Dataset(first), Dataset(second)}
                  : Pair{Dataset(decoded(first)), Dataset(decoded(second))};
}

}  // namespace hfc::data
