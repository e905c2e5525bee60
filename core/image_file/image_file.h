// Reads and writes picture files with OpenCV. OpenCV depends on about 150 shared libraries, so it
// is in a module that the first call loads.
#pragma once

#include "image_file/pixels.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// Decodes a picture in any format that OpenCV supports. Replaces the contents of `rgb` with
/// interleaved RGB bytes and returns the picture's size. Grey becomes RGB, alpha is dropped, and
/// 16-bit values keep their upper 8 bits. Throws Error naming the file if it cannot be decoded.
Size decode_by_opencv(std::string_view bytes, const std::filesystem::path& path,
                      bool follow_orientation, std::vector<uint8_t>& rgb);

/// Encodes `channels` (1 or 3: red, green, blue) planes of height x width bytes as PNG. Throws
/// Error if that fails.
std::string encode_png(const uint8_t* planes, int64_t channels, int64_t height, int64_t width);

/// Sets an environment variable that OpenCV reads when its module is loaded, which happens when the
/// first picture that is not a JPEG is read. Call this before several threads read pictures,
/// because the environment must not change while threads use it.
void prepare_image_codec();

/// "4.6.0". Throws Error if OpenCV's module is missing.
std::string opencv_version();

}  // namespace hfc::image_file
