// What a picture file is, and whether it is whole, before a decoder sees it: libjpeg fills in what
// is missing and says nothing.
#pragma once

#include "image_file/pixels.h"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace hfc::image_file {

inline constexpr uint64_t most_image_pixels = uint64_t{1} << 28;  ///< 268 million; 800 MB decoded

enum class Format { jpeg, png, bmp, netpbm, tiff, webp };

struct PictureInfo {
    Format format = Format::jpeg;
    Size stored;          ///< of a JPEG or PNG, as its pixels are stored; else 0 x 0
    int orientation = 1;  ///< of a JPEG, by its EXIF block; else 1
};

/// Tells the format by the first bytes, not by the name. Walks the segments of a JPEG or the chunks
/// of a PNG to the end marker. Throws Error naming the file where it is none of the formats, is cut
/// short or damaged, or has no or too many pixels.
PictureInfo check_image(std::string_view bytes, const std::filesystem::path& path);

}  // namespace hfc::image_file
