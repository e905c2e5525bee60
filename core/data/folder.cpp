#include "data/folder.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "data/checksum.h"
#include "data/pixel_memory.h"
#include "image_file/image_file.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>

namespace hfc::data {
namespace {

using Path = std::filesystem::path;

struct Picture {
    Path path;
    int64_t label;
};

/// The entries of a folder that are not hidden, sorted by name.
std::vector<Path> entries(const Path& folder) {
    std::error_code error;
    std::vector<Path> found;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        if (!entry->path().filename().string().starts_with(".")) {
            found.push_back(entry->path());
        }
    }
    require(!error, "hfc.data: cannot read the folder '{}': {}", folder.string(), error.message());
    std::ranges::sort(found);
    return found;
}

bool is_folder(const Path& path) {
    std::error_code error;
    return std::filesystem::is_directory(path, error);
}

std::string small_extension(const Path& path) {
    auto extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

/// The pictures of one class, and what lies beside them.
class Collection {
  public:
    std::vector<Path> pictures;

    /// A folder's own pictures, then those of the folders in it.
    void add(const Path& folder) {
        std::error_code error;
        const auto real = std::filesystem::canonical(folder, error);
        require(std::ranges::find(above_, real) == above_.end(),
                "hfc.data: '{}' is a link that leads back to a folder above it", folder.string());
        above_.push_back(real);
        std::vector<Path> folders;
        for (const auto& entry : entries(folder)) {
            const auto extension = small_extension(entry);
            if (is_folder(entry)) {
                folders.push_back(entry);
            } else if (extension == ".jpg" || extension == ".jpeg" || extension == ".png") {
                pictures.push_back(entry);
            } else {
                ++others_[extension.empty() ? "without an ending" : extension];
            }
        }
        for (const auto& inner : folders) {
            add(inner);
        }
        above_.pop_back();
    }

    /// "4 .jfif, 1 .txt" or "".
    std::string others() const {
        std::vector<std::string> parts;
        for (const auto& [extension, count] : others_) {
            parts.push_back(fmt::format("{} {}", count, extension));
        }
        return fmt::format("{}", fmt::join(parts, ", "));
    }

  private:
    std::vector<Path> above_;  ///< the folder being read and those above it
    std::map<std::string, int64_t> others_;
};

std::vector<std::string> class_names(const Path& part) {
    std::vector<std::string> names;
    for (const auto& entry : entries(part)) {
        if (is_folder(entry)) {
            names.push_back(entry.filename().string());
        }
    }
    require(!names.empty(),
            "hfc.data: '{}' has no class folders, expected one folder of JPEG or PNG pictures for "
            "each class",
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
            "hfc.data: '{}' and '{}' must have the same class folders; only in the first: {}; only "
            "in the second: {}",
            train.string(), test.string(), only_in_first(expected, found),
            only_in_first(found, expected));
}

std::vector<Picture> list_pictures(const Path& part, const std::vector<std::string>& classes,
                                   std::vector<std::string>* notes) {
    std::vector<Picture> pictures;
    Collection all;
    for (size_t label = 0; label < classes.size(); ++label) {
        const auto before = all.pictures.size();
        all.add(part / classes[label]);
        require(all.pictures.size() > before,
                "hfc.data: the class folder '{}' has no pictures, expected at least one file .jpg, "
                ".jpeg or .png, found {}",
                (part / classes[label]).string(),
                all.others().empty() ? "nothing" : "only others: " + all.others());
        for (auto i = before; i < all.pictures.size(); ++i) {
            pictures.push_back({all.pictures[i], static_cast<int64_t>(label)});
        }
    }
    if (notes != nullptr && !all.others().empty()) {
        notes->push_back(
            fmt::format("hfc.data: '{}': files that do not end in .jpg, .jpeg or .png "
                        "are left out: {}",
                        part.string(), all.others()));
    }
    return pictures;
}

/// The names and sizes of the pictures. A size that cannot be read is none: reading the picture
/// will say why.
std::string source_of(const Path& part, const std::vector<Picture>& pictures) {
    Checksum checksum;
    for (const auto& picture : pictures) {
        std::error_code error;
        const auto bytes = std::filesystem::file_size(picture.path, error);
        checksum.add_item(picture.path.lexically_relative(part).string());
        checksum.add_item(error ? "" : std::to_string(bytes));
    }
    return fmt::format("{} pictures {}", pictures.size(), checksum.text());
}

Dataset read_part(const std::string& name, const Path& part,
                  const std::vector<std::string>& classes, int64_t image_size,
                  std::vector<std::string>* notes) {
    const auto pictures = list_pictures(part, classes, notes);
    const auto count = static_cast<int64_t>(pictures.size());
    auto images = std::make_shared<Images>();
    images->name = name;
    images->class_names = classes;
    images->source = source_of(part, pictures);
    images->pixels = make_pixels({count, 3, image_size, image_size});
    images->labels = at::empty({count}, at::kLong);
    auto* pixels = images->pixels.mutable_data_ptr<uint8_t>();
    auto* labels = images->labels.mutable_data_ptr<int64_t>();
    image_file::load_image_codec();
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
        for (auto i = begin; i < end; ++i) {
            check_interrupt();
            image_file::read_image(pictures[i].path, image_size,
                                   pixels + i * 3 * image_size * image_size);
            labels[i] = pictures[i].label;
        }
    });
    return Dataset(images);
}

}  // namespace

Pair load_folder(const Path& folder, int64_t image_size, std::vector<std::string>* notes) {
    require(image_size >= 1 && image_size <= 4096,
            "hfc.data: image_size must be 1 to 4096 pixels, got {}", image_size);
    const auto expected = "expected DIR/train/CLASS/* and DIR/val/CLASS/* (or DIR/test/CLASS/*)";
    require(is_folder(folder), "hfc.data: there is no folder '{}'; {}", folder.string(), expected);
    const auto train = folder / "train";
    const auto test = is_folder(folder / "val") ? folder / "val" : folder / "test";
    require(is_folder(train), "hfc.data: there is no folder '{}'; {}", train.string(), expected);
    require(is_folder(test), "hfc.data: there is neither a folder '{}' nor '{}'; {}",
            (folder / "val").string(), test.string(), expected);
    const auto classes = class_names(train);
    require_same_classes(train, classes, test, class_names(test));
    // "pictures/." and "pictures/" are called pictures.
    auto named = std::filesystem::absolute(folder).lexically_normal();
    if (!named.has_filename()) {
        named = named.parent_path();
    }
    const auto name = named.filename().string();
    return {read_part(name + " train", train, classes, image_size, notes),
            read_part(name + " test", test, classes, image_size, notes)};
}

}  // namespace hfc::data
