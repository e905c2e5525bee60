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
/// on a level are 1, 2^(1/3) and 2^(2/3) times a base size, truncated to integers. The base size is
/// `size` on the first level and doubles from level to level. Returns one tensor per level, float32
/// on the CPU, with one box per row, ordered by y, then x, then anchor.
std::vector<at::Tensor> make_anchors(const std::vector<MapSize>& maps, const MapSize& padded,
                                     int64_t size);

constexpr int64_t anchors_a_place = 9;

}  // namespace hfc::detection
