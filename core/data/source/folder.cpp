#include "data/source/folder.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "data/checksum.h"
#include "data/pixel_memory.h"
#include "image_file/image_file.h"
#include "image_file/list_folder.h"
#include "image_file/read_picture.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

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
            "hfc.data: '{}' has no class folders, expected one folder of pictures for each class",
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

image_file::PictureList list_part(const Path& part, const std::vector<std::string>& classes,
                                  std::vector<std::string>* notes) {
    auto pictures = image_file::list_pictures(part, classes);
    std::map<std::string, int64_t> all_left_out;
    for (size_t label = 0; label < classes.size(); ++label) {
        const auto& left_out = pictures.left_out(static_cast<int64_t>(label));
        require(pictures.count(static_cast<int64_t>(label)) > 0,
                "hfc.data: the class folder '{}' has no pictures, expected at least one file {}, "
                "found {}",
                (part / classes[label]).string(), endings(),
                left_out.empty() ? "nothing" : "only others: " + listed(left_out));
        for (const auto& [extension, count] : left_out) {
            all_left_out[extension] += count;
        }
    }
    if (notes != nullptr && !all_left_out.empty()) {
        notes->push_back(fmt::format("hfc.data: '{}': files that do not end in {} are left out: {}",
                                     part.string(), endings(), listed(all_left_out)));
    }
    return pictures;
}

/// The names and sizes of the pictures, and how they become pixels. A size that cannot be read is
/// none: reading the picture will say why.
std::string source_of(const image_file::PictureList& pictures, const FolderOptions& options) {
    Checksum checksum;
    checksum.add_item(fmt::format("resize {} crop {}, antialiased bilinear, exif", options.resize,
                                  options.image_size));
    for (int64_t i = 0; i < pictures.size(); ++i) {
        std::error_code error;
        const auto name = pictures.name(i);
        const auto bytes = std::filesystem::file_size(pictures.root() / name, error);
        checksum.add_item(name);
        checksum.add_item(error ? "" : std::to_string(bytes));
    }
    return fmt::format("{} pictures {}", pictures.size(), checksum.text());
}

/// The pictures that do not decode, met by several threads.
class BadPictures {
  public:
    bool enough() const { return count_ >= most_named; }

    void add(int64_t picture, const std::string& reason) {
        const std::lock_guard lock(mutex_);
        reasons_.emplace(picture, reason);
        ++count_;
    }

    /// Throws Error where there are any.
    void raise(int64_t all) const {
        if (count_ == 0) {
            return;
        }
        if (count_ == 1) {
            fail("hfc.data: {}", reasons_.begin()->second);
        }
        std::vector<std::string> named;
        for (const auto& [picture, reason] : reasons_) {
            if (std::ssize(named) < most_named) {
                named.push_back(reason);
            }
        }
        const auto more = static_cast<int64_t>(count_) - std::ssize(named);
        fail("hfc.data: {} of {} pictures cannot be read{}: {}{}", count_.load(), all,
             enough() ? " (the others were not tried)" : "", fmt::join(named, "; "),
             more > 0 ? fmt::format("; and {} more", more) : "");
    }

  private:
    static constexpr int most_named = 10;
    std::mutex mutex_;
    std::map<int64_t, std::string> reasons_;
    std::atomic<int> count_ = 0;
};

void decode_all(const image_file::PictureList& pictures, const FolderOptions& options,
                uint8_t* pixels) {
    const image_file::Size size{options.image_size, options.image_size};
    const auto choose = [&](const image_file::Size& picture) {
        return image_file::center_crop(image_file::resize(picture, options.resize),
                                       options.image_size);
    };
    BadPictures bad;
    image_file::load_image_codec();
    at::parallel_for(0, pictures.size(), 1, [&](int64_t begin, int64_t end) {
        image_file::PictureReader reader;
        for (auto i = begin; i < end && !bad.enough(); ++i) {
            check_interrupt();
            try {
                reader.read(pictures.path(i), choose, size,
                            pixels + i * 3 * size.height * size.width);
            } catch (const Error& error) {
                bad.add(i, error.what());
            }
        }
    });
    bad.raise(pictures.size());
}

Dataset read_part(const std::string& name, const Path& part,
                  const std::vector<std::string>& classes, const FolderOptions& options,
                  std::vector<std::string>* notes) {
    const auto pictures = list_part(part, classes, notes);
    auto images = std::make_shared<Images>();
    images->name = name;
    images->class_names = classes;
    images->source = source_of(pictures, options);
    images->pixels = make_pixels({pictures.size(), 3, options.image_size, options.image_size});
    images->labels = at::empty({pictures.size()}, at::kLong);
    auto* labels = images->labels.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < pictures.size(); ++i) {
        labels[i] = pictures.label(i);
    }
    decode_all(pictures, options, images->pixels.mutable_data_ptr<uint8_t>());
    return Dataset(images);
}

FolderOptions checked(FolderOptions options) {
    constexpr int64_t largest = 4096;
    require(options.image_size >= 1 && options.image_size <= largest,
            "hfc.data: image_size must be 1 to {} pixels, got {}", largest, options.image_size);
    if (options.resize == 0) {
        options.resize = options.image_size;
    }
    require(options.resize >= options.image_size && options.resize <= largest,
            "hfc.data: resize must be {} (image_size) to {} pixels, got {}", options.image_size,
            largest, options.resize);
    return options;
}

}  // namespace

Pair load_folder(const Path& folder, const FolderOptions& given, std::vector<std::string>* notes) {
    const auto options = checked(given);
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
    return {read_part(name + " train", train, classes, options, notes),
            read_part(name + " test", test, classes, options, notes)};
}

}  // namespace hfc::data
