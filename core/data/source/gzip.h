// Reads whole gzipped files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hfc::data {

/// Returns the bytes of `path`, decompressed if it is a gzip file, otherwise unchanged. Memory
/// grows with the output, never with a size that a header claims. Throws Error naming the file if
/// it cannot be read, is truncated or damaged, is followed by other bytes, or contains more than
/// `limit` bytes.
std::string read_gzip_or_plain(const std::filesystem::path& path, uint64_t limit);

}  // namespace hfc::data
