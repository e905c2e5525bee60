#include "run/tail.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace hfc::run {
bool Tail::is_another(int file, uint64_t inode, uint64_t size) const {
    if (offset_ == 0) {
        return false;
    }
    if (inode != inode_ || size < offset_) {
        return true;
    }
    char head[head_bytes];
    const auto got = ::pread(file, head, head_.size(), 0);
    return got != static_cast<ssize_t>(head_.size()) ||
           std::memcmp(head, head_.data(), head_.size()) != 0;
}

void Tail::take(const char* data, size_t size, const std::function<void(const std::string&)>& line,
                News& news) {
    const char* const end = data + size;
    while (data < end) {
        const auto* newline =
            static_cast<const char*>(std::memchr(data, '\n', static_cast<size_t>(end - data)));
        const char* const stop = newline == nullptr ? end : newline;
        if (!skipping_) {
            torn_.append(data, stop);
        }
        if (torn_.size() > longest_line) {
            torn_ = std::string();
            skipping_ = true;
            ++news.overlong;
        }
        if (newline == nullptr) {
            return;
        }
        if (!skipping_) {
            line(torn_);
        }
        torn_.clear();
        skipping_ = false;
        data = newline + 1;
    }
}

Tail::News Tail::poll(const std::function<void()>& begin_again,
                      const std::function<void(const std::string&)>& line, size_t limit) {
    News news;
    const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct ::stat now = {};
    if (!file.open() || ::fstat(file.get(), &now) != 0 || !S_ISREG(now.st_mode)) {
        return news;
    }
    news.exists = true;
    const auto size = size_ = static_cast<uint64_t>(now.st_size);
    if (is_another(file.get(), now.st_ino, size)) {
        offset_ = 0;
        head_.clear();
        torn_.clear();
        skipping_ = false;
        news.restarted = true;
        begin_again();
    }
    inode_ = now.st_ino;
    std::vector<char> buffer(std::min<uint64_t>({size - std::min(size, offset_), limit, 1 << 18}));
    for (size_t taken = 0; offset_ < size && taken < limit;) {
        const auto wanted = std::min<uint64_t>({buffer.size(), size - offset_, limit - taken});
        const auto got = ::pread(file.get(), buffer.data(), wanted, static_cast<off_t>(offset_));
        if (got <= 0) {
            return news;  // truncated in the meantime, or a disk error: try again later
        }
        if (head_.size() < head_bytes && offset_ == head_.size()) {
            head_.append(buffer.data(),
                         std::min<size_t>(static_cast<size_t>(got), head_bytes - head_.size()));
        }
        offset_ += static_cast<uint64_t>(got);
        taken += static_cast<size_t>(got);
        take(buffer.data(), static_cast<size_t>(got), line, news);
    }
    news.more = offset_ < size;
    return news;
}

}  // namespace hfc::run
