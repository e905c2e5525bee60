// Gzipped files, read whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hfc::data {

/// The bytes of `path`, unpacked if it is a gzip file, else as they are. Memory grows with the
/// bytes that come out, never with what a header claims. Throws Error naming the file when it
/// cannot be read, is cut short, damaged, followed by other bytes, or holds more than `limit`
/// bytes.
std::string read_gzip_or_plain(const std::filesystem::path& path, uint64_t limit);

}  // namespace hfc::data
