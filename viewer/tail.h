// Follows a text file that another process writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace hfc::viewer {

/// Reads each byte of the file once. A file that is not there yet is waited for; one that was
/// replaced, cut off, or written anew under the same name is begun again.
class Tail {
  public:
    struct News {
        bool exists = false;
        bool restarted = false;  ///< forget all lines told before: those of this poll are the first
        bool more = false;       ///< the limit was reached: there is more to read at once
        uint64_t overlong = 0;   ///< lines given up since they passed the longest allowed
    };

    explicit Tail(std::filesystem::path path) : path_(std::move(path)) {}

    /// Reads at most `limit` new bytes. `begin_again` is called before any line of a file that was
    /// restarted, `line` for each line that has its newline; a torn last line waits for the rest of
    /// it.
    News poll(const std::function<void()>& begin_again,
              const std::function<void(const std::string&)>& line, size_t limit = 4 << 20);

    /// Of the file, read so far, and in it at the last poll.
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
    std::string head_;  ///< the file's first bytes: tell a file written anew under the same inode
    std::string torn_;
    bool skipping_ = false;  ///< within an overlong line
};

}  // namespace hfc::viewer
