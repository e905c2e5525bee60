// Follows a text file that another process writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace hfc::run {

/// Reads each byte of the file once. The file need not exist yet. If it is replaced, truncated or
/// rewritten under the same name, reading starts over.
class Tail {
  public:
    struct News {
        bool exists = false;
        bool restarted = false;  ///< reading started again: earlier lines no longer count
        bool more = false;       ///< the limit was reached, and there is more to read
        uint64_t overlong = 0;   ///< lines that were skipped because they are too long
    };

    explicit Tail(std::filesystem::path path) : path_(std::move(path)) {}

    /// Reads at most `limit` new bytes. Calls `begin_again` before the first line if reading starts
    /// over, and `line` for each complete line; an incomplete last line is kept until the rest of
    /// it has been written.
    News poll(const std::function<void()>& begin_again,
              const std::function<void(const std::string&)>& line, size_t limit = 4 << 20);

    /// The number of bytes read so far, and the size of the file at the last poll.
    uint64_t bytes() const { return offset_; }
    uint64_t size() const { return size_; }

  private:
    static constexpr size_t longest_line = 8 << 20;
    static constexpr size_t head_bytes = 64;
    bool is_another(int file, uint64_t inode, uint64_t size) const;
    void take(const char* data, size_t size, const std::function<void(const std::string&)>& line,
              News& news);

    std::filesystem::path path_;
    uint64_t offset_ = 0, size_ = 0;
    uint64_t inode_ = 0;
    std::string head_;  ///< the file's first bytes, which show whether it was rewritten in place
    std::string torn_;
    bool skipping_ = false;  ///< in the middle of a line that is too long
};

}  // namespace hfc::run
