#include "run/line_reader.h"

#include "base/error.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hfc::run {

std::optional<std::string> LineReader::next() {
    size_t searched = begin_;
    for (;;) {
        const auto found = buffer_.find('\n', searched);
        if (found != std::string::npos) {
            auto line = buffer_.substr(begin_, found - begin_);
            offset_ += line.size() + 1;
            begin_ = found + 1;
            return line;
        }
        const auto kept = buffer_.size() - begin_;
        if (!fill()) {
            return std::nullopt;
        }
        searched = kept;
    }
}

/// Drops the lines that have been returned and reads more bytes. Returns false at the end.
bool LineReader::fill() {
    constexpr uint64_t piece = 1 << 16;
    constexpr size_t longest_line = 64 << 20;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const auto have = buffer_.size();
    require(have <= longest_line, "'{}' has a line of more than {} bytes", path_.string(),
            longest_line);
    const auto from = offset_ + have;
    const auto wanted = static_cast<size_t>(std::min(piece, end_ - std::min(end_, from)));
    buffer_.resize(have + wanted);
    ssize_t got = 0;
    do {
        got = ::pread(descriptor_, buffer_.data() + have, wanted, static_cast<off_t>(from));
    } while (got < 0 && errno == EINTR);
    buffer_.resize(have + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    require(got >= 0, "cannot read '{}': {}", path_.string(), std::strerror(errno));
    return got > 0;
}

}  // namespace hfc::run
