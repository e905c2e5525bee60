#include "base/error.h"
#include "image_file/jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>

#include <jpeglib.h>

namespace hfc::image_file {
namespace {

/// libjpeg's way of reporting errors: a jump, because it is written in C.
struct WriteTrap {
    jpeg_error_mgr manager;  // first: libjpeg hands out its address
    std::jmp_buf back;
};

/// Writes the file to memory that libjpeg allocates and the caller frees. Returns false on failure.
bool write_jpeg(const uint8_t* rgb, int64_t height, int64_t width, int quality,
                unsigned char** bytes, unsigned long* count) {
    jpeg_compress_struct info;
    WriteTrap trap;
    info.err = jpeg_std_error(&trap.manager);
    trap.manager.error_exit = [](j_common_ptr failed) {
        std::longjmp(reinterpret_cast<WriteTrap*>(failed->err)->back, 1);
    };
    jpeg_create_compress(&info);
    if (setjmp(trap.back) != 0) {
        jpeg_destroy_compress(&info);
        return false;
    }
    jpeg_mem_dest(&info, bytes, count);
    info.image_height = static_cast<JDIMENSION>(height);
    info.image_width = static_cast<JDIMENSION>(width);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        auto* row = const_cast<uint8_t*>(rgb + size_t{3} * info.image_width * info.next_scanline);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return true;
}

}  // namespace

std::string encode_jpeg(const uint8_t* rgb, int64_t height, int64_t width, int quality) {
    require(quality >= 1 && quality <= 100, "the quality of a JPEG must be 1 to 100, got {}",
            quality);
    unsigned char* bytes = nullptr;
    unsigned long count = 0;
    const bool written = write_jpeg(rgb, height, width, quality, &bytes, &count);
    std::string file(reinterpret_cast<const char*>(bytes), written ? count : 0);
    std::free(bytes);
    require(written, "an image of {} x {} pixels cannot be saved as JPEG", height, width);
    return file;
}

}  // namespace hfc::image_file
