// Checks a picture file before a decoder reads it: determines its format and whether it is
// complete. The check is necessary because libjpeg silently fills in missing data.
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
    Size stored;          ///< size of a JPEG or PNG as stored; otherwise 0 x 0
    int orientation = 1;  ///< the orientation in a JPEG's EXIF block; otherwise 1
};

/// Recognises the format by the first bytes, not by the name. Reads the segments of a JPEG or the
/// chunks of a PNG up to the end marker. Throws Error naming the file if it is in none of these
/// formats, is truncated or damaged, or has no pixels or too many.
PictureInfo check_image(std::string_view bytes, const std::filesystem::path& path);

}  // namespace hfc::image_file
