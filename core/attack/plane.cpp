#include "attack/plane.h"

#include <ATen/ATen.h>

namespace hfc::attack {
namespace {

/// Used in place of infinity, so that its product with zero is not NaN.
constexpr double far = 1e30;

}  // namespace

at::Tensor move_to_plane(const at::Tensor& points, const at::Tensor& normals,
                         const at::Tensor& offsets, Norm norm, const Range& range) {
    const auto gap = offsets - (normals * points).sum(1);
    // Each coordinate moves in the direction of w, at a speed of |w| (L2) or 1 (L-infinity), until
    // it reaches the end of the range.
    const auto w = normals * at::where(gap.lt(0), -1.0, 1.0).unsqueeze(1);
    const auto size = w.abs();
    const auto room =
        at::where(w.gt(0), range.highest - points, points - range.lowest).clamp(0, far);
    const auto speed = norm == Norm::l2 ? size : at::ones_like(size);
    const auto [ends, order] = (room / speed).clamp_max(far).sort(1);
    const auto gains = (size * speed).gather(1, order);
    const auto whole = (size * room).gather(1, order);
    // Before coordinate k reaches its end: the contribution of the coordinates that are at their
    // ends, and the slope of the others.
    const auto given = whole.cumsum(1) - whole;
    const auto slope = gains.flip(1).cumsum(1).flip(1);
    const auto reached = given + ends * slope;
    const auto wanted = gap.abs().unsqueeze(1);
    const auto last = points.size(1) - 1;
    const auto k = reached.lt(wanted).sum(1, /*keepdim=*/true);
    const auto at_k = k.clamp_max(last);
    const auto inside = (wanted - given.gather(1, at_k)) / slope.gather(1, at_k).clamp_min(1e-300);
    const auto length = at::where(k.gt(last), far, inside.clamp_min(0));
    return w.sign() * at::minimum(length * speed, room);
}

}  // namespace hfc::attack
