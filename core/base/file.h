// Files: read whole and checked, written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hfc {

/// The file's bytes. Throws Error naming the file when it is missing, not a regular file, unreadable, or larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, uint64_t limit = uint64_t{4} << 30);

/// Writes to a temporary file beside `path`, syncs it and renames it, so that `path` holds either the old or the new content.
/// Throws Error naming the file and the reason (no space, no permission); the temporary file is then removed.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// Makes a folder and its parents. Throws Error naming the folder and the reason.
void make_folder(const std::filesystem::path& path);

}  // namespace hfc
