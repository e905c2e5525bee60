#include "data/source/gzip.h"

#include "base/error.h"
#include "base/file.h"

#include <zlib.h>

namespace hfc::data {
namespace {

/// zlib's state for one gzip stream.
class Inflater {
  public:
    explicit Inflater(const std::string& packed) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
        stream_.avail_in = static_cast<uInt>(packed.size());
        // 16: requires a gzip header and checks the checksum at the end.
        require(inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK, "cannot initialise zlib: {}",
                stream_.msg ? stream_.msg : "not enough memory");
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    /// Unpacks until the buffer is full or the input is used up, and returns zlib's status.
    int fill(std::vector<char>& buffer, size_t& filled) {
        stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream_.avail_out = static_cast<uInt>(buffer.size());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        filled = buffer.size() - stream_.avail_out;
        return status;
    }

    size_t left() const { return stream_.avail_in; }
    const char* message() const { return stream_.msg ? stream_.msg : "unknown error"; }

  private:
    z_stream stream_ = {};
};

std::string unpack(const std::string& packed, const std::filesystem::path& path, uint64_t limit) {
    Inflater inflater(packed);
    std::string bytes;
    std::vector<char> buffer(size_t{1} << 18);
    for (int status = Z_OK; status != Z_STREAM_END;) {
        size_t filled = 0;
        status = inflater.fill(buffer, filled);
        bytes.append(buffer.data(), filled);
        require(bytes.size() <= limit, "'{}' unpacks to more than the expected maximum of {} bytes",
                path.string(), limit);
        require(status == Z_STREAM_END || status == Z_OK || status == Z_BUF_ERROR,
                "'{}' is damaged: {} (after {} unpacked bytes)", path.string(), inflater.message(),
                bytes.size());
        require(status == Z_STREAM_END || filled == buffer.size(),
                "'{}' is truncated: it ends after {} bytes, in the middle of its gzip stream "
                "({} bytes unpacked)",
                path.string(), packed.size(), bytes.size());
    }
    require(inflater.left() == 0,
            "'{}' has {} bytes after the end of its gzip stream, expected none", path.string(),
            inflater.left());
    return bytes;
}

}  // namespace

std::string read_gzip_or_plain(const std::filesystem::path& path, uint64_t limit) {
    auto bytes = read_file(path, limit);
    return bytes.starts_with("\x1f\x8b") ? unpack(bytes, path, limit) : bytes;
}

}  // namespace hfc::data
