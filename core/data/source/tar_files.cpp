#include "data/source/tar_files.h"

#include "base/error.h"
#include "data/source/picture_pair.h"
#include "data/source/tar_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

/// The sort key, as in ImageFolder: the whole path of the directory, then the name in it.
std::pair<std::string_view, std::string_view> folder_and_file(std::string_view name) {
    const auto slash = name.rfind('/');
    return slash == std::string_view::npos
               ? std::pair{std::string_view(), name}
               : std::pair{name.substr(0, slash), name.substr(slash + 1)};
}

/// The pictures of a list after their labels have been set.
class TarFiles : public PictureFiles {
  public:
    TarFiles(TarList list, std::vector<std::string> class_names)
        : list_(std::move(list)), class_names_(std::move(class_names)) {
        auto& all = list_.pictures;
        std::ranges::sort(all, {}, [&](const TarPicture& one) {
            return std::tuple_cat(std::tuple(one.label), folder_and_file(list_.name(one)),
                                  std::tuple(one.tar, one.offset));
        });
        require_no_doubles();
        for (int64_t label = 0; label <= std::ssize(class_names_); ++label) {
            begins_.push_back(std::ranges::lower_bound(all, label, {}, &TarPicture::label) -
                              all.begin());
        }
        list_.names.shrink_to_fit();
        all.shrink_to_fit();
    }

    int64_t size() const override { return std::ssize(list_.pictures); }
    const std::vector<std::string>& class_names() const override { return class_names_; }
    int64_t count(int64_t label) const override {
        return begins_.at(label + 1) - begins_.at(label);
    }
    std::string name(int64_t i) const override { return std::string(list_.name(picture(i))); }
    std::optional<uint64_t> bytes(int64_t i) const override { return picture(i).size; }
    int64_t written(int64_t i) const override { return list_.tars[picture(i).tar].written; }

    void read(int64_t i, image_file::PictureReader& reader,
              const image_file::ChooseGeometry& choose, const image_file::Size& result,
              uint8_t* planes) const override {
        thread_local std::string bytes;
        const auto& [offset, name, size, tar, label] = picture(i);
        const auto& [path, tar_size, written] = list_.tars[tar];
        const InputFile file(
            path);  // opened each time: thousands of tars are more than may be open
        require(file.size() == tar_size, "'{}' has {} bytes, but had {} when its index was created",
                path.string(), file.size(), tar_size);
        bytes.resize(size);
        file.read(offset, bytes.data(), size);
        const auto called =
            fmt::format("{}: {} (byte {})", path.string(), list_.names.c_str() + name, offset);
        reader.decode(bytes, called, choose, result, planes);
        constexpr size_t kept_bytes = size_t{32} << 20;
        if (bytes.capacity() > kept_bytes) {
            std::string().swap(bytes);
        }
    }

  private:
    const TarPicture& picture(int64_t i) const { return list_.pictures.at(i); }

    /// If classes are given by numbers, pictures in different tars may have the same name.
    void require_no_doubles() const {
        const auto same = [&](const TarPicture& a, const TarPicture& b) {
            return list_.name(a) == list_.name(b) && (!list_.numbered || a.tar == b.tar);
        };
        const auto twice = std::ranges::adjacent_find(list_.pictures, same);
        if (twice != list_.pictures.end()) {
            const auto& other = *std::next(twice);
            fail("'{}' occurs twice: in '{}' at byte {} and in '{}' at byte {}", list_.name(*twice),
                 list_.tars[twice->tar].path.string(), twice->offset,
                 list_.tars[other.tar].path.string(), other.offset);
        }
    }

    TarList list_;
    std::vector<std::string> class_names_;
    std::vector<int64_t> begins_;  ///< of each class, and the end
};

struct TarPart {
    std::string name;  ///< for messages
    TarList list;
};

/// The directories of the pictures, or their numbers as strings, sorted by byte.
std::vector<std::string> folders_in(const TarPart& part) {
    if (!part.list.numbered) {
        auto folders = top_folders(part.list);
        if (!folders.empty() && folders.front().empty()) {
            const auto lost = std::ranges::find_if(part.list.pictures, [&](const auto& one) {
                return part.list.name(one).find('/') == std::string_view::npos;
            });
            fail("the image '{}' of '{}' has no class: expected CLASS/NAME, or NAME.cls next to it",
                 part.list.name(*lost), part.list.tars[lost->tar].path.string());
        }
        return folders;
    }
    std::vector<std::string> numbers;
    for (const auto& picture : part.list.pictures) {
        numbers.push_back(std::to_string(picture.label));
    }
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

/// Sets the labels according to `classes` and leaves out pictures that belong to none of them.
std::shared_ptr<const PictureFiles> files_of(TarPart part,
                                             const std::vector<image_file::PictureClass>& classes) {
    std::map<std::string, int64_t, std::less<>> label_of;
    std::vector<std::string> names;
    for (const auto& one : classes) {
        for (const auto& folder : one.folders) {
            label_of[folder] = std::ssize(names);
        }
        names.push_back(one.name);
    }
    auto& list = part.list;
    std::vector<TarPicture> chosen;
    for (auto picture : list.pictures) {
        const auto name = list.name(picture);
        const auto found = list.numbered ? label_of.find(std::to_string(picture.label))
                                         : label_of.find(name.substr(0, name.find('/')));
        if (found != label_of.end()) {
            picture.label = found->second;
            chosen.push_back(picture);
        }
    }
    list.pictures = std::move(chosen);
    return std::make_shared<const TarFiles>(std::move(list), std::move(names));
}

/// The classes from 0 to the largest number in either part.
std::vector<image_file::PictureClass> numbered_classes(const TarPart& train, const TarPart& test) {
    int64_t count = 0;
    for (const auto* list : {&train.list, &test.list}) {
        for (const auto& picture : list->pictures) {
            count = std::max(count, picture.label + 1);
        }
    }
    std::vector<std::string> names;
    for (int64_t i = 0; i < count; ++i) {
        names.push_back(std::to_string(i));
    }
    return classes_of_folders(names);
}

TarPart listed(const std::string& pattern, const Path& index, std::vector<std::string>* notes) {
    TarPart part{pattern, list_tars(expand_pattern(pattern), index)};
    require(!part.list.pictures.empty(), "'{}' contains no images; expected files that end in {}",
            pattern, picture_endings());
    note_left_out(pattern, part.list.left_out, notes);
    return part;
}

/// Removes train/, val/ or test/ from the names if all names begin with it.
TarPart without_part_name(TarPart part) {
    const auto tops = top_folders(part.list);
    if (tops.size() == 1 && (tops[0] == "train" || tops[0] == "val" || tops[0] == "test")) {
        part.list = below(part.list, tops[0]);
    }
    return part;
}

/// train*.tar and val*.tar (or test*.tar) in a directory.
std::array<std::string, 2> tars_in(const Path& folder) {
    std::map<std::string, std::vector<std::string>> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto name = entry.path().filename().string();
        for (const std::string part : {"train", "val", "test"}) {
            if (name.starts_with(part) && name.ends_with(".tar")) {
                found[part].push_back(entry.path().string());
            }
        }
    }
    const auto* test = found.contains("val") ? "val" : "test";
    require(found.contains("train") && found.contains(test),
            "'{}' must contain train*.tar and val*.tar (or test*.tar)", folder.string());
    for (auto& [part, tars] : found) {
        std::ranges::sort(tars);
    }
    return {fmt::format("{}", fmt::join(found["train"], ",")),
            fmt::format("{}", fmt::join(found[test], ","))};
}

/// For tars that contain train/ and val/ (or test/).
std::array<TarPart, 2> split_by_folders(TarPart both) {
    auto tops = top_folders(both.list);
    if (tops.size() == 1 && tops[0] != "train") {
        both.list = below(both.list, tops[0]);
        tops = top_folders(both.list);
    }
    const auto has = [&](const char* name) { return std::ranges::count(tops, name) > 0; };
    const std::string test = has("val") ? "val" : "test";
    if (!has("train") || !has(test.c_str())) {
        tops.resize(std::min<size_t>(tops.size(), 5));
        fail(
            "'{}' must contain the directories train and val (or test), found: {}; if the test "
            "split is in a separate file, set test = \"FILE\"",
            both.name, fmt::join(tops, ", "));
    }
    return {TarPart{both.name + ", train", below(both.list, "train")},
            TarPart{both.name + ", " + test, below(both.list, test)}};
}

std::array<TarPart, 2> parts_of(const std::string& train, const TarOptions& options,
                                std::vector<std::string>* notes) {
    const auto& [folder, test, index] = options;
    std::error_code error;
    if (!test.empty()) {
        return {without_part_name(listed(train, index, notes)),
                without_part_name(listed(test, index, notes))};
    }
    if (std::filesystem::is_directory(train, error)) {
        const auto [first, second] = tars_in(train);
        return {without_part_name(listed(first, index, notes)),
                without_part_name(listed(second, index, notes))};
    }
    return split_by_folders(listed(train, index, notes));
}

}  // namespace

Pair load_tar(const std::string& train, const TarOptions& options,
              std::vector<std::string>* notes) {
    recipe_of(options.folder);  // refuses impossible sizes first
    auto [first, second] = parts_of(train, options, notes);
    const auto file = class_file_of(options.folder);
    require(first.list.numbered == second.list.numbered,
            "the classes in '{}' are {}, but the classes in '{}' are {}", first.name,
            first.list.numbered ? "numbers" : "directories", second.name,
            second.list.numbered ? "numbers" : "directories");
    auto train_classes = numbered_classes(first, second), test_classes = train_classes;
    if (!first.list.numbered || file) {
        train_classes = classes_in(first.name, folders_in(first), file, notes);
        test_classes = classes_in(second.name, folders_in(second), file, notes);
        require_same_folders(first.name, train_classes, second.name, test_classes);
    }
    auto name = Path(first.list.tars.front().path).stem().string();
    auto train_files = files_of(std::move(first), train_classes);
    return pair_of_pictures(name, std::move(train_files), files_of(std::move(second), test_classes),
                            options.folder);
}

}  // namespace hfc::data
