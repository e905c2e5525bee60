// Reads the lines of a file of any length one by one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

namespace hfc::run {

class LineReader {
  public:
    /// descriptor: still belongs to the caller. path: for messages. end: where to stop.
    LineReader(int descriptor, std::filesystem::path path,
               uint64_t end = std::numeric_limits<uint64_t>::max())
        : descriptor_(descriptor), path_(std::move(path)), end_(end) {}

    /// Returns the next line without its newline, or nothing if there is no complete one. Throws
    /// Error if the file cannot be read or a line is longer than 64 MB.
    std::optional<std::string> next();

    /// The position of the start of the next line.
    uint64_t offset() const { return offset_; }

  private:
    bool fill();

    int descriptor_;
    std::filesystem::path path_;
    uint64_t end_;
    uint64_t offset_ = 0;
    std::string buffer_;  ///< bytes of the file; the next line starts at begin_
    size_t begin_ = 0;
};

}  // namespace hfc::run
