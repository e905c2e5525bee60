#include "data/source/idx.h"

#include "base/counted.h"
#include "base/error.h"
#include "data/pixel_memory.h"
#include "data/source/gzip.h"

#include <ATen/ATen.h>

#include <cstring>

namespace hfc::data {
namespace {

constexpr uint64_t side = 28;
constexpr uint64_t largest_idx = uint64_t{1} << 30;  // twenty times MNIST

/// An IDX file of bytes and the sizes from its header.
struct Idx {
    std::filesystem::path path;
    std::string bytes;
    std::vector<uint64_t> sizes;
    size_t header_bytes;
};

uint32_t big_endian(const std::string& bytes, size_t at) {
    uint32_t value = 0;
    for (size_t i = at; i < at + 4; ++i) {
        value = value << 8 | static_cast<uint8_t>(bytes[i]);
    }
    return value;
}

Idx read_idx(const std::filesystem::path& path, uint32_t rank) {
    Idx idx;
    idx.path = path;
    idx.bytes = read_gzip_or_plain(path, largest_idx);
    idx.header_bytes = 4 + 4 * rank;
    require(idx.bytes.size() >= 4, "'{}' has {} bytes, expected an IDX header of {} bytes",
            path.string(), idx.bytes.size(), idx.header_bytes);
    // Two zero bytes, 8 for unsigned bytes, the number of dimensions.
    const uint32_t expected_magic = 0x0800 | rank;
    const auto magic = big_endian(idx.bytes, 0);
    require(magic == expected_magic,
            "'{}' starts with 0x{:08x}, expected 0x{:08x} (IDX, unsigned bytes, {})", path.string(),
            magic, expected_magic, counted(rank, "dimension"));
    require(idx.bytes.size() >= idx.header_bytes,
            "'{}' has {} bytes, expected an IDX header of {} bytes", path.string(),
            idx.bytes.size(), idx.header_bytes);
    for (uint32_t i = 0; i < rank; ++i) {
        idx.sizes.push_back(big_endian(idx.bytes, 4 + 4 * i));
    }
    return idx;
}

/// `elements` is the number that the header declares. It is below 2^32 * 28 * 28, so it cannot
/// overflow.
void require_length(const Idx& idx, uint64_t elements) {
    const auto found = idx.bytes.size() - idx.header_bytes;
    require(found == elements, "'{}' has {} bytes after its header, expected {} ({}): {}",
            idx.path.string(), found, elements, fmt::join(idx.sizes, " x "),
            found < elements ? "it is truncated" : "it is too long");
}

at::Tensor read_images(const std::filesystem::path& path) {
    const auto idx = read_idx(path, 3);
    require(idx.sizes[1] == side && idx.sizes[2] == side,
            "'{}' contains images of {} x {} pixels, expected {} x {}", idx.path.string(),
            idx.sizes[1], idx.sizes[2], side, side);
    require(idx.sizes[0] > 0, "'{}' contains 0 images, expected at least one", idx.path.string());
    require_length(idx, idx.sizes[0] * side * side);
    auto pixels = make_pixels({static_cast<int64_t>(idx.sizes[0]), 1, side, side});
    std::memcpy(pixels.mutable_data_ptr(), idx.bytes.data() + idx.header_bytes, pixels.nbytes());
    return pixels;
}

at::Tensor read_labels(const std::filesystem::path& path, int64_t images,
                       const std::string& images_name, size_t classes) {
    const auto idx = read_idx(path, 1);
    require(idx.sizes[0] == static_cast<uint64_t>(images),
            "'{}' has {} labels, expected {} (the number of images in '{}')", idx.path.string(),
            idx.sizes[0], images, images_name);
    require_length(idx, idx.sizes[0]);
    auto labels = at::empty({images}, at::kLong);
    auto* label = labels.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < images; ++i) {
        label[i] = static_cast<uint8_t>(idx.bytes[idx.header_bytes + static_cast<size_t>(i)]);
        require(label[i] < static_cast<int64_t>(classes), "'{}': label {} is {}, expected 0 to {}",
                idx.path.string(), i, label[i], classes - 1);
    }
    return labels;
}

/// Calls read(path) for one file after another until one can be read. Each failure adds a note,
/// except for the last file, whose error is thrown.
template <typename Read>
at::Tensor read_first_whole(const std::vector<std::filesystem::path>& files,
                            std::vector<std::string>* notes, Read&& read) {
    for (size_t i = 0; i < files.size(); ++i) {
        try {
            return read(files[i]);
        } catch (const Error& error) {
            if (i + 1 == files.size()) {
                throw;
            }
            if (notes != nullptr) {
                notes->push_back(
                    fmt::format("{}; '{}' is used instead", error.what(), files[i + 1].string()));
            }
        }
    }
    fail("no file to read");
}

}  // namespace

const std::vector<std::string>& idx_files() {
    static const std::vector<std::string> files = {
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte"};
    return files;
}

std::vector<std::filesystem::path> idx_candidates(const std::filesystem::path& folder,
                                                  const std::string& name,
                                                  const std::string& prefix) {
    std::vector<std::string> names = {prefix + name};
    if (name.starts_with("t10k")) {
        names.push_back(prefix + "test" + name.substr(4));
    }
    for (size_t i = 0, count = names.size(); i < count; ++i) {
        auto dotted = names[i];
        dotted[dotted.rfind("-idx")] = '.';
        names.push_back(dotted);
    }
    std::vector<std::filesystem::path> found;
    for (const auto* const ending : {".gz", ""}) {
        for (const auto& each : names) {
            std::error_code error;
            const auto path = folder / (each + ending);
            if (std::filesystem::exists(path, error)) {
                found.push_back(path);
            }
        }
    }
    return found;
}

Pair load_idx(const std::string& name, const std::filesystem::path& folder,
              const std::vector<std::string>& class_names, const std::string& prefix,
              std::vector<std::string>* notes) {
    const auto find = [&](const std::string& file) {
        auto found = idx_candidates(folder, file, prefix);
        return found.empty() ? std::vector{folder / (prefix + file)} : found;
    };
    const auto read_part = [&](const std::string& part, const std::string& images_file,
                               const std::string& labels_file) {
        auto images = std::make_shared<Images>();
        images->name = name + " " + part;
        images->class_names = class_names;
        images->pixels = read_first_whole(find(images_file), notes, read_images);
        images->labels =
            read_first_whole(find(labels_file), notes, [&](const std::filesystem::path& path) {
                return read_labels(path, images->pixels.size(0), images_file, class_names.size());
            });
        return Dataset(images);
    };
    const auto& files = idx_files();
    return {read_part("train", files[0], files[1]), read_part("test", files[2], files[3])};
}

}  // namespace hfc::data
