// Reads whole gzipped files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hfc::data {

/// Returns the bytes of `path`, decompressed if it is a gzip file, otherwise unchanged. Memory use
/// grows with the actual output, regardless of the size that a header claims. Throws Error naming
/// the file if it cannot be read, is truncated or damaged, has extra bytes at the end, or contains
/// more than `limit` bytes.
std::string read_gzip_or_plain(const std::filesystem::path& path, uint64_t limit);

}  // namespace hfc::data
