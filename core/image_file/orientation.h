// EXIF's orientation: how to rotate or mirror a stored picture.
#pragma once

#include "image_file/pixels.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hfc::image_file {

/// The orientation, 1 to 8, in a JPEG's APP1 segment (without marker and length), or 0 if it
/// contains none.
int exif_orientation(std::string_view segment);

/// The size of a stored picture after it has been rotated upright.
Size upright_size(const Size& stored, int orientation);

/// Converts a box in the upright picture to the corresponding box in the stored picture.
Box stored_box(const Box& upright, const Size& stored, int orientation);

/// Rotates a stored picture of interleaved RGB bytes upright; row y goes to `to` + y * stride.
void set_upright(const uint8_t* stored, const Size& size, int orientation, uint8_t* to,
                 size_t stride);

}  // namespace hfc::image_file
