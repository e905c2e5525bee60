// The colours of figures and of the viewer. Header only and without LibTorch.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace hfc::plot {

/// Okabe and Ito's colours, which colour-blind people can tell apart, as 0xRRGGBB. Yellow comes
/// last, because it is faint on white. https://jfly.uni-koeln.de/color/
inline constexpr std::array<uint32_t, 8> distinct_colours = {
    0x000000, 0x0072B2, 0xD55E00, 0x009E73, 0xE69F00, 0xCC79A7, 0x56B4E9, 0xF0E442};

/// Viridis in steps of one eighth, for ordered quantities: values of a map, radii.
inline constexpr std::array<uint32_t, 9> sequential_colours = {
    0x440154, 0x472C7A, 0x3B518B, 0x2C718E, 0x21908D, 0x27AD81, 0x5CC863, 0xAADC32, 0xFDE725};

/// Blue, white and red, for differences: white is zero.
inline constexpr std::array<uint32_t, 5> difference_colours = {0x053061, 0x4393C3, 0xF7F7F7,
                                                               0xD6604D, 0x67001F};

/// Viridis at `place` in [0, 1].
inline uint32_t sequential_colour(double place) {
    constexpr size_t last = sequential_colours.size() - 1;
    const double at = std::clamp(place, 0.0, 1.0) * static_cast<double>(last);
    const auto from = std::min(static_cast<size_t>(at), last - 1);
    const double weight = at - static_cast<double>(from);
    uint32_t colour = 0;
    for (const unsigned shift : {16U, 8U, 0U}) {
        const auto channel = [&](size_t i) { return (sequential_colours[i] >> shift) & 0xFFU; };
        const double mixed = (1 - weight) * channel(from) + weight * channel(from + 1);
        colour |= static_cast<uint32_t>(std::lround(mixed)) << shift;
    }
    return colour;
}

}  // namespace hfc::plot
