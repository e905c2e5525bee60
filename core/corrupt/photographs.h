// The photographs of frost, which are not part of this program.
#pragma once

#include "corrupt/picture.h"

#include <filesystem>
#include <memory>

namespace hfc::corrupt {

/// Reads frost1.png, frost2.png, frost3.png, frost4.jpg and frost5.jpg from a directory. Throws
/// Error naming a missing file and saying where the files are published. The most recently read
/// photographs stay in memory and are read again only if a file has changed.
std::shared_ptr<const Photographs> read_photographs(const std::filesystem::path& folder);

/// The photographs at a fifth of their size, as the published code uses them for CIFAR: every fifth
/// pixel, which is also the result of OpenCV's linear interpolation.
std::shared_ptr<const Photographs> smaller(const Photographs& photographs);

/// Throws Error unless each photograph is larger than the images in both directions.
void require_larger(const Photographs& photographs, int64_t height, int64_t width);

}  // namespace hfc::corrupt
