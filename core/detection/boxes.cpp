#include "detection/boxes.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::detection {
namespace {

at::Tensor area_of(const at::Tensor& boxes) {
    return (boxes.select(1, 2) - boxes.select(1, 0)) * (boxes.select(1, 3) - boxes.select(1, 1));
}

struct Overlap {
    at::Tensor both, either;
};

Overlap overlap_of(const at::Tensor& a, const at::Tensor& b) {
    const auto low = at::max(a.slice(1, 0, 2).unsqueeze(1), b.slice(1, 0, 2));
    const auto high = at::min(a.slice(1, 2, 4).unsqueeze(1), b.slice(1, 2, 4));
    const auto sides = (high - low).clamp_min(0);
    const auto both = sides.select(2, 0) * sides.select(2, 1);
    return {both, area_of(a).unsqueeze(1) + area_of(b) - both};
}

/// Centre x, centre y, width, height: each [n].
struct Centred {
    at::Tensor x, y, width, height;
};

Centred centred(const at::Tensor& boxes) {
    const auto width = boxes.select(1, 2) - boxes.select(1, 0);
    const auto height = boxes.select(1, 3) - boxes.select(1, 1);
    return {boxes.select(1, 0) + 0.5 * width, boxes.select(1, 1) + 0.5 * height, width, height};
}

}  // namespace

at::Tensor iou(const at::Tensor& a, const at::Tensor& b) {
    const auto overlap = overlap_of(a, b);
    return overlap.both / overlap.either;
}

at::Tensor generalized_iou(const at::Tensor& a, const at::Tensor& b) {
    const auto overlap = overlap_of(a, b);
    const auto low = at::min(a.slice(1, 0, 2).unsqueeze(1), b.slice(1, 0, 2));
    const auto high = at::max(a.slice(1, 2, 4).unsqueeze(1), b.slice(1, 2, 4));
    const auto sides = (high - low).clamp_min(0);
    const auto around = sides.select(2, 0) * sides.select(2, 1);
    return overlap.both / overlap.either - (around - overlap.either) / around;
}

at::Tensor encode(const at::Tensor& boxes, const at::Tensor& anchors) {
    const auto to = centred(boxes);
    const auto from = centred(anchors);
    return at::stack({(to.x - from.x) / from.width, (to.y - from.y) / from.height,
                      at::log(to.width / from.width), at::log(to.height / from.height)},
                     1);
}

at::Tensor decode(const at::Tensor& codes, const at::Tensor& anchors) {
    static const double largest = std::log(1000.0 / 16);
    const auto from = centred(anchors);
    const auto x = codes.select(1, 0) * from.width + from.x;
    const auto y = codes.select(1, 1) * from.height + from.y;
    const auto half_width = 0.5 * (codes.select(1, 2).clamp_max(largest).exp() * from.width);
    const auto half_height = 0.5 * (codes.select(1, 3).clamp_max(largest).exp() * from.height);
    return at::stack({x - half_width, y - half_height, x + half_width, y + half_height}, 1);
}

at::Tensor clip(const at::Tensor& boxes, int64_t height, int64_t width) {
    const auto x = boxes.slice(1, 0, 4, 2).clamp(0, width);
    const auto y = boxes.slice(1, 1, 4, 2).clamp(0, height);
    return at::stack({x, y}, 2).flatten(1);
}

}  // namespace hfc::detection
