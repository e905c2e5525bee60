#include "data/source/cifar10.h"

#include "base/error.h"
#include "data/pixel_memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace hfc::data {
namespace {

constexpr int64_t pixel_bytes = 3 * 32 * 32;
constexpr int64_t record_bytes = 1 + pixel_bytes;
constexpr int64_t records_a_read =
    100;  // 300 kB: stays in the cache until it is sorted into the tensors
constexpr uint8_t class_count = 10;

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

void require_size(const std::filesystem::path& path, int64_t records) {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    require(!error, "cannot read '{}': {}", path.string(), error.message());
    require(bytes == static_cast<uint64_t>(records * record_bytes),
            "'{}' has {} bytes, expected {} ({} records of {} bytes)", path.string(), bytes,
            records * record_bytes, records, record_bytes);
}

/// Reads the records of one file into the memory that starts at `pixels` and `labels`.
void read_records(const std::filesystem::path& path, int64_t records, uint8_t* pixels,
                  int64_t* labels) {
    require_size(path, records);
    const File file(std::fopen(path.c_str(), "rbe"));
    require(file != nullptr, "cannot read '{}': {}", path.string(), std::strerror(errno));
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    std::vector<uint8_t> buffer(records_a_read * record_bytes);
    for (int64_t first = 0; first < records; first += records_a_read) {
        const auto count = std::min(records_a_read, records - first);
        require(std::fread(buffer.data(), record_bytes, static_cast<size_t>(count), file.get()) ==
                    static_cast<size_t>(count),
                "cannot read '{}' beyond record {}: {}", path.string(), first,
                std::ferror(file.get()) ? std::strerror(errno) : "the file ends there");
        for (int64_t i = 0; i < count; ++i) {
            const auto* record = buffer.data() + i * record_bytes;
            require(record[0] < class_count, "'{}': record {} has the label {}, expected 0 to {}",
                    path.string(), first + i, record[0], class_count - 1);
            *labels++ = record[0];
            std::memcpy(pixels, record + 1, pixel_bytes);
            pixels += pixel_bytes;
        }
    }
}

Dataset read_part(const std::filesystem::path& folder, const std::string& part,
                  const std::vector<std::string>& files, int64_t records_a_file) {
    auto images = std::make_shared<Images>();
    images->name = "cifar10 " + part;
    images->class_names = cifar10_class_names();
    const auto count = static_cast<int64_t>(files.size()) * records_a_file;
    images->pixels = make_pixels({count, 3, 32, 32});
    images->labels = at::empty({count}, at::kLong);
    auto* pixels = images->pixels.mutable_data_ptr<uint8_t>();
    auto* labels = images->labels.mutable_data_ptr<int64_t>();
    for (const auto& file : files) {
        read_records(folder / file, records_a_file, pixels, labels);
        pixels += records_a_file * pixel_bytes;
        labels += records_a_file;
    }
    return Dataset(images);
}

}  // namespace

const std::vector<std::string>& cifar10_class_names() {
    static const std::vector<std::string> names = {
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
    return names;
}

const std::vector<std::string>& cifar10_files() {
    static const std::vector<std::string> files = {"data_batch_1.bin", "data_batch_2.bin",
                                                   "data_batch_3.bin", "data_batch_4.bin",
                                                   "data_batch_5.bin", "test_batch.bin"};
    return files;
}

Pair load_cifar10(const std::filesystem::path& folder, int64_t records_a_file) {
    const auto& files = cifar10_files();
    return {read_part(folder, "train", {files.begin(), files.end() - 1}, records_a_file),
            read_part(folder, "test", {files.back()}, records_a_file)};
}

}  // namespace hfc::data
