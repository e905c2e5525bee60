// Random brightness, contrast, saturation and hue, as torchvision's ColorJitter has them for
// tensors.
#pragma once

#include "image_file/picture_transform.h"

#include <array>
#include <cstdint>
#include <vector>

namespace hfc::image_file {

/// How far each may go. Of the first three the factor is uniform in [max(0, 1 - v), 1 + v]; the hue
/// turns by a share of the circle uniform in [-v, v]. With 0 nothing is done.
struct JitterOptions {
    double brightness = 0;  ///< at least 0, as the next two
    double contrast = 0;
    double saturation = 0;
    double hue = 0;  ///< 0 to 0.5
    bool operator==(const JitterOptions&) const = default;
};

/// Throws Error naming what is out of range, and where nothing is to be done.
void require_valid(const JitterOptions& options);

enum class ColorKind { brightness, contrast, saturation, hue };

/// One step: the colours by a factor, or the hue turned by it.
struct ColorChange {
    ColorKind kind = ColorKind::brightness;
    double factor = 1;
};

/// What random_color_changes() draws.
constexpr int64_t numbers_of_jitter = 5;

/// The four steps in a random order, without those of 0. Draws one number for the order, and one a
/// step.
std::vector<ColorChange> random_color_changes(const JitterOptions& options, const Uniform& uniform);

/// Changes planes of red, green and blue bytes of `pixels` each. Results are rounded down between
/// the steps, as torchvision's bytes are.
void change_colors(const ColorChange& change, uint8_t* planes, int64_t pixels);

}  // namespace hfc::image_file
