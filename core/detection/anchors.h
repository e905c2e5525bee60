// Anchors: the reference boxes for a detector's codes.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

namespace hfc::detection {

/// Height and width.
using MapSize = std::array<int64_t, 2>;

/// Nine anchors per position: three sizes for each height-to-width ratio (.5, 1 and 2). The sizes
/// of the first level are `size`, and 2^(1/3) and 2^(2/3) times that, truncated to integers; they
/// double from level to level. One tensor [y, x, anchor] x 4 per level, float32 on the CPU.
std::vector<at::Tensor> make_anchors(const std::vector<MapSize>& maps, const MapSize& padded,
                                     int64_t size);

constexpr int64_t anchors_a_place = 9;

}  // namespace hfc::detection
