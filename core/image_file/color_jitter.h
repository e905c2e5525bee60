// Random brightness, contrast, saturation and hue, like torchvision's ColorJitter for tensors.
#pragma once

#include "image_file/picture_transform.h"

#include <array>
#include <cstdint>
#include <vector>

namespace hfc::image_file {

/// The strength v of each change. For the first three, the factor is uniform in [max(0, 1 - v), 1 +
/// v]; the hue is rotated by a fraction of the circle that is uniform in [-v, v]. A strength of 0
/// changes nothing.
struct JitterOptions {
    double brightness = 0;  ///< non-negative, like the next two
    double contrast = 0;
    double saturation = 0;
    double hue = 0;  ///< 0 to 0.5
    bool operator==(const JitterOptions&) const = default;
};

/// Throws Error if a value is out of range (naming it) or if no strength is above 0.
void require_valid(const JitterOptions& options);

enum class ColorKind { brightness, contrast, saturation, hue };

/// One step: multiplies the colours by a factor, or rotates the hue.
struct ColorChange {
    ColorKind kind = ColorKind::brightness;
    double factor = 1;
};

/// The number of random numbers that random_color_changes() draws.
constexpr int64_t numbers_of_jitter = 5;

/// Returns the steps whose strength is above 0, in a random order. Draws one number for the order
/// and one for each of the four possible steps.
std::vector<ColorChange> random_color_changes(const JitterOptions& options, const Uniform& uniform);

/// Changes the red, green and blue planes of an image, each with `pixels` bytes. The result is
/// truncated to bytes after each step, as in torchvision.
void change_colors(const ColorChange& change, uint8_t* planes, int64_t pixels);

}  // namespace hfc::image_file
