#include "image_file/jpeg.h"

#include "base/error.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include <jpeglib.h>

#include <jerror.h>

namespace hfc::image_file {
namespace {

/// The number of pixels around a box that are decoded as well: smoothing the colour samples mixes
/// neighbours, and libjpeg treats the border of the decoded part as the border of the picture.
constexpr int64_t margin = 2;

/// A few hundred empty scans of a large progressive picture can keep a processor busy for minutes.
/// Encoders write about ten scans.
constexpr int most_scans = 500;

constexpr int rows_at_once = 8;

enum class Failure { none, cut, damaged, too_many_scans, refused };

/// libjpeg's way of reporting errors: a jump, because it is written in C.
struct Trap {
    jpeg_error_mgr manager;  // first: libjpeg hands out its address
    std::jmp_buf back;
    Failure failure;
    char message[JMSG_LENGTH_MAX];
};

Trap& trap_of(j_common_ptr info) {
    return *reinterpret_cast<Trap*>(info->err);
}

[[noreturn]] void jump(j_common_ptr info, Failure failure) {
    auto& trap = trap_of(info);
    trap.failure = failure;
    info->err->format_message(info, trap.message);
    std::longjmp(trap.back, 1);
}

void on_error(j_common_ptr info) {
    jump(info, Failure::refused);
}

/// If data is missing, libjpeg only warns and makes up pixels.
void on_message(j_common_ptr info, int level) {
    const int code = info->err->msg_code;
    if (level >= 0) {
        return;
    }
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) {
        jump(info, Failure::cut);
    }
    if (code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE) {
        jump(info, Failure::damaged);
    }
}

void on_progress(j_common_ptr info) {
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > most_scans) {
        jump(info, Failure::too_many_scans);
    }
}

/// Pillow's product of two bytes as fractions of 255.
int product(int a, int b) {
    const int value = a * b + 128;
    return ((value >> 8) + value) >> 8;
}

/// Pillow's convert("RGB"). The bytes have the values in the file: 255 means no ink, as in files by
/// Adobe.
void cmyk_to_rgb(const uint8_t* cmyk, int64_t count, uint8_t* rgb) {
    for (int64_t i = 0; i < count; ++i) {
        const int light = cmyk[4 * i + 3];
        for (int c = 0; c < 3; ++c) {
            const int ink = 255 - cmyk[4 * i + c];
            rgb[3 * i + c] = static_cast<uint8_t>(std::clamp(light - product(ink, light), 0, 255));
        }
    }
}

/// Decodes one picture. The destructor frees everything that libjpeg has allocated.
class Decoder {
  public:
    explicit Decoder(const std::filesystem::path& path) : path_(path) {
        info_.err = jpeg_std_error(&trap_.manager);
        trap_.manager.error_exit = on_error;
        trap_.manager.emit_message = on_message;
        progress_.progress_monitor = on_progress;
    }
    ~Decoder() { jpeg_destroy_decompress(&info_); }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    /// Reads the header. Not done by the constructor: if it threw, the destructor would not run.
    void open(std::string_view bytes) {
        guarded([&] {
            jpeg_create_decompress(&info_);
            info_.progress = &progress_;
            jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()),
                         static_cast<unsigned long>(bytes.size()));
            jpeg_read_header(&info_, TRUE);
        });
        components_ = info_.num_components == 4 ? 4 : 3;
        info_.out_color_space = components_ == 4 ? JCS_CMYK : JCS_RGB;
        info_.dct_method = JDCT_ISLOW;
    }

    void decode(const Box& box, uint8_t* rgb, size_t stride) {
        const auto height = static_cast<int64_t>(info_.image_height);
        const auto width = static_cast<int64_t>(info_.image_width);
        require(
            box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 &&
                box.top + box.height <= height && box.left + box.width <= width,
            "the image '{}' has {} x {} pixels, but a region of {} x {} at ({}, {}) was requested",
            path_.string(), height, width, box.height, box.width, box.top, box.left);
        begin(box);
        if (width_ == static_cast<JDIMENSION>(box.width) && components_ == 3) {
            read_rows(box, rgb, stride);
        } else {
            read_strips(box, rgb, stride);
        }
    }

  private:
    /// Runs a step that calls libjpeg. The step must not own anything, because an error jumps out
    /// of it.
    template <typename Step>
    void guarded(const Step& step) {
        if (setjmp(trap_.back) == 0) {
            step();
            return;
        }
        raise();
    }

    [[noreturn]] void raise() const {
        const auto path = path_.string();
        switch (trap_.failure) {
            case Failure::cut:
                fail("the image '{}' is truncated: its data ends before the last pixel", path);
            case Failure::damaged:
                fail("the image '{}' is damaged: its data contains an invalid code", path);
            case Failure::too_many_scans:
                fail("the image '{}' has too many scans, expected at most {}", path, most_scans);
            default:
                fail("the image '{}' cannot be decoded; libjpeg reports: {}", path, trap_.message);
        }
    }

    /// Starts decoding and skips to the first row that is needed.
    void begin(const Box& box) {
        first_row_ = std::max<int64_t>(0, box.top - margin);
        const auto left = std::max<int64_t>(0, box.left - margin);
        const auto right = std::min<int64_t>(info_.image_width, box.left + box.width + margin);
        guarded([&] {
            jpeg_start_decompress(&info_);
            left_ = static_cast<JDIMENSION>(left);
            width_ = static_cast<JDIMENSION>(right - left);
            if (width_ < info_.output_width) {
                jpeg_crop_scanline(&info_, &left_, &width_);
            }
            if (first_row_ > 0) {
                jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(first_row_));
            }
        });
    }

    /// Reads up to `count` rows and returns how many were read.
    int64_t read(std::array<JSAMPROW, rows_at_once>& rows, int64_t count) {
        guarded([&] {
            got_ = jpeg_read_scanlines(&info_, rows.data(), static_cast<JDIMENSION>(count));
        });
        return got_;
    }

    /// Used if the rows are as wide as the picture: reads them straight into `rgb`, except those
    /// above the box.
    void read_rows(const Box& box, uint8_t* rgb, size_t stride) {
        std::vector<uint8_t> above(size_t{3} * width_);
        std::array<JSAMPROW, rows_at_once> rows{};
        for (auto y = first_row_; y < box.top + box.height;) {
            const auto count = std::min<int64_t>(rows_at_once, box.top + box.height - y);
            for (int64_t i = 0; i < count; ++i) {
                rows[i] = y + i < box.top ? above.data() : rgb + (y + i - box.top) * stride;
            }
            y += read(rows, count);
        }
    }

    void read_strips(const Box& box, uint8_t* rgb, size_t stride) {
        const auto row_bytes = static_cast<size_t>(width_) * components_;
        std::vector<uint8_t> strip(row_bytes * rows_at_once);
        std::array<JSAMPROW, rows_at_once> rows{};
        for (int i = 0; i < rows_at_once; ++i) {
            rows[i] = strip.data() + i * row_bytes;
        }
        for (auto y = first_row_; y < box.top + box.height;) {
            const auto got = read(rows, std::min<int64_t>(rows_at_once, box.top + box.height - y));
            for (int64_t i = 0; i < got; ++i, ++y) {
                if (y >= box.top) {
                    copy(rows[i] + (box.left - left_) * components_, box.width,
                         rgb + (y - box.top) * stride);
                }
            }
        }
    }

    void copy(const uint8_t* from, int64_t count, uint8_t* to) const {
        if (components_ == 4) {
            cmyk_to_rgb(from, count, to);
        } else {
            std::memcpy(to, from, 3 * count);
        }
    }

    jpeg_decompress_struct info_{};
    Trap trap_{};
    jpeg_progress_mgr progress_{};
    const std::filesystem::path& path_;
    int components_ = 3;
    int64_t first_row_ = 0;
    JDIMENSION left_ = 0;   ///< of the columns that are decoded
    JDIMENSION width_ = 0;  ///< their number
    JDIMENSION got_ = 0;
};

}  // namespace

void decode_jpeg(std::string_view bytes, const std::filesystem::path& path, const Box& box,
                 uint8_t* rgb, size_t stride) {
    Decoder decoder(path);
    decoder.open(bytes);
    decoder.decode(box, rgb, stride);
}

}  // namespace hfc::image_file
