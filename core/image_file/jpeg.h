// Decodes and encodes JPEG files with libjpeg-turbo.
#pragma once

#include "image_file/pixels.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hfc::image_file {

/// Decodes a box of the picture to interleaved red, green and blue bytes. Row y of the box goes to
/// rgb + y * stride. The pixels are the same as in the whole decoded picture, but only the
/// necessary part is computed, so damage below the box goes unnoticed. Grey and CMYK become RGB, as
/// in Pillow. Throws Error naming the file if the data end too early or are damaged, or if libjpeg
/// does not recognise the file.
void decode_jpeg(std::string_view bytes, const std::filesystem::path& path, const Box& box,
                 uint8_t* rgb, size_t stride);

/// Encodes interleaved red, green and blue bytes as JPEG, with colour at half the resolution in
/// each direction (4:2:0). Throws Error for a quality outside 1 to 100.
std::string encode_jpeg(const uint8_t* rgb, int64_t height, int64_t width, int quality);

}  // namespace hfc::image_file
