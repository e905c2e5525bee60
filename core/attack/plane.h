// Finds the nearest point of a plane that lies inside a box.
#pragma once

#include "attack/options.h"

namespace hfc::attack {

/// Returns, for each row, the move d with the smallest norm such that normal . (point + d) = offset
/// and point + d is inside the range. If the plane does not intersect the range, returns the move
/// that comes closest to it. float64: points and normals [N, D], offsets [N].
at::Tensor move_to_plane(const at::Tensor& points, const at::Tensor& normals,
                         const at::Tensor& offsets, Norm norm, const Range& range);

}  // namespace hfc::attack
