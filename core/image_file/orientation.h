// EXIF's orientation: how a stored picture is to be turned or mirrored.
#pragma once

#include "image_file/pixels.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hfc::image_file {

/// The orientation, 1 to 8, that a JPEG's APP1 segment (without marker and length) gives; 0 where
/// it gives none.
int exif_orientation(std::string_view segment);

/// The size of a stored picture when it stands upright.
Size upright_size(const Size& stored, int orientation);

/// Where a box of the upright picture lies in the stored one.
Box stored_box(const Box& upright, const Size& stored, int orientation);

/// Sets a stored picture of interleaved RGB bytes upright; row y goes to `to` + y * stride.
void set_upright(const uint8_t* stored, const Size& size, int orientation, uint8_t* to,
                 size_t stride);

}  // namespace hfc::image_file
