#include "image_file/image_check.h"

#include "base/error.h"
#include "image_file/orientation.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace hfc::image_file {
namespace {

/// Reads the bytes of a file in order. Reading beyond the end throws an Error that names the file.
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

    /// Moves past the next byte equal to `value`.
    void find(char value) {
        const auto found = bytes_.find(value, at_);
        at_ = found == std::string_view::npos ? bytes_.size() : found;
        need(1);
        ++at_;
    }

    Size checked_size(uint64_t width, uint64_t height) const {
        require(width > 0 && height > 0 && width * height <= most_image_pixels,
                "the image '{}' claims to have {} x {} pixels, expected 1 to {} in total",
                path_.string(), width, height, most_image_pixels);
        return {static_cast<int64_t>(height), static_cast<int64_t>(width)};
    }

    [[noreturn]] void damaged(const std::string& what) const {
        fail("the image '{}' is damaged: {} (at byte {})", path_.string(), what, at_);
    }

  private:
    void need(uint64_t count) const {
        require(count <= bytes_.size() - at_,
                "the image '{}' is truncated: it ends after {} bytes, before its end marker",
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
PictureInfo check_jpeg(Walk walk) {
    constexpr uint64_t end_of_image = 0xd9;
    constexpr uint64_t application_1 = 0xe1;
    PictureInfo info;
    info.orientation = 0;
    for (;;) {
        walk.find('\xff');
        uint64_t marker = 0xff;
        while (marker == 0xff) {
            marker = walk.number(1);
        }
        if (marker == end_of_image) {
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
            walk.damaged(
                fmt::format("a segment has a length of {} bytes, expected at least 2", length));
        }
        auto segment = walk;
        const auto content = walk.take(length - 2);
        if (is_frame_header(marker)) {
            segment.number(1);
            const auto height = segment.number(2);
            info.stored = segment.checked_size(segment.number(2), height);
        } else if (marker == application_1 && info.orientation == 0) {
            info.orientation = exif_orientation(content);
        }
    }
    if (info.stored.height == 0) {
        walk.damaged("it has no frame before the end marker");
    }
    info.orientation = std::max(info.orientation, 1);
    return info;
}

/// ISO/IEC 15948: chunks of length, type, data and checksum, from IHDR to IEND.
PictureInfo check_png(Walk walk) {
    PictureInfo info{Format::png, {}, 1};
    for (bool first = true;; first = false) {
        const auto length = walk.number(4);
        auto chunk = walk;
        const auto type_and_data = walk.take(4 + length);
        const auto type = type_and_data.substr(0, 4);
        if (walk.number(4) != crc32(0, reinterpret_cast<const Bytef*>(type_and_data.data()),
                                    static_cast<uInt>(type_and_data.size()))) {
            walk.damaged("a chunk's checksum does not match its data");
        }
        if (first) {
            if (type != "IHDR" || length < 8) {
                walk.damaged("it has no header chunk");
            }
            chunk.take(4);
            const auto width = chunk.number(4);
            info.stored = chunk.checked_size(width, chunk.number(4));
        }
        if (type == "IEND") {
            return info;
        }
    }
}

bool is_webp(std::string_view bytes) {
    return bytes.starts_with("RIFF") &&
           bytes.substr(std::min<size_t>(8, bytes.size())).starts_with("WEBP");
}

bool is_tiff(std::string_view bytes) {
    constexpr std::array<std::string_view, 4> marks = {
        {{"II*\0", 4}, {"MM\0*", 4}, {"II+\0", 4}, {"MM\0+", 4}}};
    return std::ranges::any_of(marks, [&](auto mark) { return bytes.starts_with(mark); });
}

/// "P1" to "P6", followed by white space or a comment.
bool is_netpbm(std::string_view bytes) {
    return bytes.size() >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
           std::string_view(" \t\r\n#").find(bytes[2]) != std::string_view::npos;
}

}  // namespace

PictureInfo check_image(std::string_view bytes, const std::filesystem::path& path) {
    if (bytes.starts_with("\xff\xd8\xff")) {
        return check_jpeg(Walk(bytes, path, 2));
    }
    if (bytes.starts_with("\x89PNG\r\n\x1a\n")) {
        return check_png(Walk(bytes, path, 8));
    }
    if (bytes.starts_with("BM")) {
        return {Format::bmp, {}, 1};
    }
    if (is_webp(bytes)) {
        return {Format::webp, {}, 1};
    }
    if (is_tiff(bytes)) {
        return {Format::tiff, {}, 1};
    }
    if (is_netpbm(bytes)) {
        return {Format::netpbm, {}, 1};
    }
    require(!bytes.starts_with("GIF8"),
            "the image '{}' is a GIF, judging by its first bytes, and GIF is not supported: save "
            "it as PNG",
            path.string());
    fail(
        "the image '{}' is not a JPEG, PNG, BMP, PPM, PGM, TIFF or WebP, judging by its first "
        "bytes (the file has {} bytes)",
        path.string(), bytes.size());
}

}  // namespace hfc::image_file
