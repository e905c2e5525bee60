// The lines of a file, one after another, however many there are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

namespace hfc::run {

class LineReader {
  public:
    /// descriptor: stays the caller's. path: for messages. end: where to stop.
    LineReader(int descriptor, std::filesystem::path path,
               uint64_t end = std::numeric_limits<uint64_t>::max())
        : descriptor_(descriptor), path_(std::move(path)), end_(end) {}

    /// The next line without its end, or nothing where there is no whole one. Throws Error where
    /// the file cannot be read and for a line of more than 64 MB.
    std::optional<std::string> next();

    /// Where the next line begins.
    uint64_t offset() const { return offset_; }

  private:
    bool fill();

    int descriptor_;
    std::filesystem::path path_;
    uint64_t end_;
    uint64_t offset_ = 0;
    std::string buffer_;  ///< bytes of the file; the next line begins at begin_
    size_t begin_ = 0;
};

}  // namespace hfc::run
