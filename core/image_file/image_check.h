// Whether a picture file is whole, before a decoder sees it: libjpeg fills in what is missing and
// says nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace hfc::image_file {

inline constexpr uint64_t most_image_pixels = uint64_t{1} << 28;  ///< 268 million; 800 MB decoded

/// Walks the segments of a JPEG or the chunks of a PNG to the end marker. Throws Error naming the
/// file where it is neither, is cut short or damaged, or has no or too many pixels.
void check_image(std::string_view bytes, const std::filesystem::path& path);

}  // namespace hfc::image_file
