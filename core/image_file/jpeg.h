// JPEG files, by libjpeg-turbo.
#pragma once

#include "image_file/pixels.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace hfc::image_file {

/// Decodes a box of the picture as interleaved red, green and blue bytes. Row y of the box goes to
/// rgb + y * stride. The pixels are those of the whole picture decoded, but only what the box needs
/// is computed, so damage below the box stays unseen. Grey becomes RGB; CMYK too, as Pillow makes
/// it. Throws Error naming the file where the data end too early, are damaged, or are no JPEG that
/// libjpeg knows.
void decode_jpeg(std::string_view bytes, const std::filesystem::path& path, const Box& box,
                 uint8_t* rgb, size_t stride);

/// The JPEG file, with half as many samples of the colours in each direction (4:2:0), of
/// interleaved red, green and blue bytes. Throws Error for a quality out of 1 to 100.
std::string encode_jpeg(const uint8_t* rgb, int64_t height, int64_t width, int quality);

}  // namespace hfc::image_file
