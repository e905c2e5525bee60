// The nearest point of a plane inside a box.
#pragma once

#include "attack/options.h"

namespace hfc::attack {

/// For each row the smallest move d in the norm such that normal . (point + d) = offset, with point
/// + d inside the range. Where the plane does not reach into the range, the move that comes nearest
/// to it. float64: points and normals [N, D], offsets [N].
at::Tensor move_to_plane(const at::Tensor& points, const at::Tensor& normals,
                         const at::Tensor& offsets, Norm norm, const Range& range);

}  // namespace hfc::attack
