#include "data/source/tar_index.h"

#include "base/error.h"
#include "data/checksum.h"
#include "data/source/picture_files.h"

#include <array>
#include <bit>
#include <cstring>

namespace hfc::data {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the numbers in an index are little-endian");

/// The offset of the header, the offset and size of the data, and the size of the name. The name
/// itself follows these numbers.
using IndexNumbers = std::array<uint64_t, 4>;

constexpr size_t checksum_size = 8;

std::string checksum_text(std::string_view bytes) {
    Checksum checksum;
    checksum.add(bytes);
    return checksum.text();
}

void append_entry(std::string& bytes, const TarEntry& entry) {
    const IndexNumbers numbers = {entry.header, entry.offset, entry.size, entry.name.size()};
    bytes.append(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
    bytes += entry.name;
}

/// Removes an entry from the front; returns false if there is no valid entry.
bool take_entry(std::string_view& bytes, uint64_t tar_size, TarEntry& entry) {
    IndexNumbers numbers = {};
    if (bytes.size() < sizeof numbers) {
        return false;
    }
    std::memcpy(numbers.data(), bytes.data(), sizeof numbers);
    bytes.remove_prefix(sizeof numbers);
    const auto& [header, offset, size, length] = numbers;
    if (length > bytes.size() || offset > tar_size || size > tar_size - offset) {
        return false;
    }
    entry = {std::string(bytes.substr(0, length)), header, offset, size};
    bytes.remove_prefix(length);
    return true;
}

std::string written_index(const InputFile& tar, const std::string& head) {
    auto bytes = head;
    walk_tar(tar, [&](TarEntry&& entry) { append_entry(bytes, entry); });
    return bytes + checksum_text(bytes);
}

}  // namespace

void walk_indexed_tar(const InputFile& tar, const std::filesystem::path& folder,
                      const std::function<void(TarEntry&& entry)>& take) {
    if (folder.empty()) {
        walk_tar(tar, take);
        return;
    }
    std::error_code error;
    const auto head =
        fmt::format("hfc-host tar 1; {} bytes, written {}; {}\n", tar.size(),
                    written_at(tar.path()), std::filesystem::absolute(tar.path(), error).string());
    const auto path = folder / fmt::format("hfc-{}.tarindex", checksum_text(head));
    std::string bytes;
    if (std::filesystem::exists(path, error)) {
        bytes = read_file(path);
    } else {
        bytes = written_index(tar, head);
        make_folder(folder);
        write_file(path, bytes, Sync::no);
    }
    const auto require_right = [&](bool right) {
        require(
            right,
            "'{}' is not the index of '{}', although its name suggests that it is; remove the file",
            path.string(), tar.path().string());
    };
    require_right(bytes.size() >= head.size() + checksum_size && bytes.starts_with(head));
    auto rest = std::string_view(bytes).substr(0, bytes.size() - checksum_size);
    require_right(bytes.substr(rest.size()) == checksum_text(rest));
    rest.remove_prefix(head.size());
    while (!rest.empty()) {
        TarEntry entry;
        require_right(take_entry(rest, tar.size(), entry));
        take(std::move(entry));
    }
}

}  // namespace hfc::data
