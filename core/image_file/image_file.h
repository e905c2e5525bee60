// Picture files, by OpenCV. The module that holds it is loaded by the first call, since it brings
// some 150 shared objects.
#pragma once

#include "image_file/pixels.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hfc::image_file {

/// Decodes a picture of any format that OpenCV's module reads to interleaved RGB bytes, which
/// replace those of `rgb`, and returns its size. Grey becomes RGB, alpha is dropped, of 16 bits the
/// upper 8 are kept. Throws Error naming the file where it does not decode.
Size decode_by_opencv(std::string_view bytes, const std::filesystem::path& path,
                      bool follow_orientation, std::vector<uint8_t>& rgb);

/// The PNG of `channels` (1 or 3: red, green, blue) planes of height x width bytes. Throws Error
/// where it cannot be made.
std::string encode_png(const uint8_t* planes, int64_t channels, int64_t height, int64_t width);

/// Sets a variable of the environment that OpenCV reads when its module is loaded, at the first
/// picture that is no JPEG. Call it before several threads read pictures: they must not see the
/// environment while it changes.
void prepare_image_codec();

/// "4.6.0". Throws Error where OpenCV's module is missing.
std::string opencv_version();

}  // namespace hfc::image_file
