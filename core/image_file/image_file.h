// Picture files, by OpenCV. The module that holds it is loaded by the first call, since it brings
// some 150 shared objects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace hfc::image_file {

/// Reads a JPEG or PNG as planes of red, green and blue bytes [3, size, size] into `planes`: the
/// shorter side resized to `size`, the centre cropped, grey made RGB. May be called by several
/// threads. Throws Error naming the file where it cannot be read, is neither, is cut short,
/// damaged, of more than 2^28 pixels, or does not decode.
void read_image(const std::filesystem::path& path, int64_t size, uint8_t* planes);

/// The PNG of `channels` (1 or 3: red, green, blue) planes of height x width bytes. Throws Error
/// where it cannot be made.
std::string encode_png(const uint8_t* planes, int64_t channels, int64_t height, int64_t width);

/// Loads the module now. It sets a variable of the environment, which threads that ask for one must
/// not see half done: to be called before read_image() is called by several.
void load_image_codec();

/// "4.6.0". Throws Error where OpenCV's module is missing.
std::string opencv_version();

}  // namespace hfc::image_file
