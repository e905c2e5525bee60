#include "image_file/image_check.h"

#include "base/error.h"

#include <zlib.h>

namespace hfc::image_file {
namespace {

/// Reads along the bytes of a file; what lies beyond the end is an error that names the file.
class Walk {
  public:
    Walk(std::string_view bytes, const std::filesystem::path& path, size_t begin)
        : bytes_(bytes), path_(path), at_(begin) {}

    uint64_t number(int width) {
        need(static_cast<uint64_t>(width));
        uint64_t value = 0;
        for (int i = 0; i < width; ++i) {
            value = value << 8 | static_cast<uint8_t>(bytes_[at_++]);
        }
        return value;
    }

    std::string_view take(uint64_t count) {
        need(count);
        const auto taken = bytes_.substr(at_, count);
        at_ += count;
        return taken;
    }

    /// Goes on to the next byte `value` and past it.
    void find(char value) {
        const auto found = bytes_.find(value, at_);
        at_ = found == std::string_view::npos ? bytes_.size() : found;
        need(1);
        ++at_;
    }

    void require_pixels(uint64_t width, uint64_t height) const {
        require(
            width > 0 && height > 0 && width * height <= most_image_pixels,
            "hfc.data: the picture '{}' says that it has {} x {} pixels, expected 1 to {} in all",
            path_.string(), width, height, most_image_pixels);
    }

    [[noreturn]] void damaged(const std::string& what) const {
        fail("hfc.data: the picture '{}' is damaged: {}, at byte {}", path_.string(), what, at_);
    }

  private:
    void need(uint64_t count) const {
        require(count <= bytes_.size() - at_,
                "hfc.data: the picture '{}' is cut short: it ends after {} bytes, before its end "
                "marker",
                path_.string(), bytes_.size());
    }

    std::string_view bytes_;
    const std::filesystem::path& path_;
    size_t at_;
};

bool is_frame_header(uint64_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/// ITU T.81, annex B: segments with a length, except that a scan's entropy-coded data run to the
/// next marker.
void check_jpeg(Walk walk) {
    bool has_frame = false;
    for (;;) {
        walk.find('\xff');
        uint64_t marker = 0xff;
        while (marker == 0xff) {
            marker = walk.number(1);
        }
        if (marker == 0xd9) {
            break;
        }
        const bool stands_alone =
            marker <= 0x01 ||
            (marker >= 0xd0 && marker <= 0xd8);  // 0: a data byte 0xff; d0 to d7: restarts
        if (stands_alone) {
            continue;
        }
        const auto length = walk.number(2);
        if (length < 2) {
            walk.damaged(fmt::format("a segment of {} bytes", length));
        }
        auto segment = walk;
        walk.take(length - 2);
        if (is_frame_header(marker)) {
            segment.number(1);
            const auto height = segment.number(2);
            walk.require_pixels(segment.number(2), height);
            has_frame = true;
        }
    }
    if (!has_frame) {
        walk.damaged("no frame before the end marker");
    }
}

/// ISO/IEC 15948: chunks of length, type, data and checksum, from IHDR to IEND.
void check_png(Walk walk) {
    for (bool first = true;; first = false) {
        const auto length = walk.number(4);
        auto chunk = walk;
        const auto type_and_data = walk.take(4 + length);
        const auto type = type_and_data.substr(0, 4);
        if (walk.number(4) != crc32(0, reinterpret_cast<const Bytef*>(type_and_data.data()),
                                    static_cast<uInt>(type_and_data.size()))) {
            walk.damaged("a chunk's checksum does not fit its data");
        }
        if (first) {
            if (type != "IHDR" || length < 8) {
                walk.damaged("no header chunk");
            }
            chunk.take(4);
            const auto width = chunk.number(4);
            walk.require_pixels(width, chunk.number(4));
        }
        if (type == "IEND") {
            return;
        }
    }
}

}  // namespace

void check_image(std::string_view bytes, const std::filesystem::path& path) {
    if (bytes.starts_with("\xff\xd8\xff")) {
        check_jpeg(Walk(bytes, path, 2));
    } else if (bytes.starts_with("\x89PNG\r\n\x1a\n")) {
        check_png(Walk(bytes, path, 8));
    } else {
        fail(
            "hfc.data: the picture '{}' is neither a JPEG nor a PNG, going by its first bytes ({} "
            "bytes in all)",
            path.string(), bytes.size());
    }
}

}  // namespace hfc::image_file
