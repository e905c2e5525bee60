#include "detection/anchors.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::detection {
namespace {

/// Anchors around the origin: float32 [9, 4].
at::Tensor anchors_of_size(double size) {
    const auto sizes = at::tensor({std::trunc(size), std::trunc(size * std::pow(2.0, 1.0 / 3)),
                                   std::trunc(size * std::pow(2.0, 2.0 / 3))},
                                  at::kFloat);
    const auto height = at::sqrt(at::tensor({0.5, 1.0, 2.0}, at::kFloat));
    const auto width = 1 / height;
    const auto widths = (width.unsqueeze(1) * sizes).view(-1);
    const auto heights = (height.unsqueeze(1) * sizes).view(-1);
    return (at::stack({-widths, -heights, widths, heights}, 1) / 2).round();
}

}  // namespace

std::vector<at::Tensor> make_anchors(const std::vector<MapSize>& maps, const MapSize& padded,
                                     int64_t size) {
    std::vector<at::Tensor> all;
    auto level_size = static_cast<double>(size);
    for (const auto& [height, width] : maps) {
        const auto y = at::arange(height, at::kFloat) * static_cast<double>(padded[0] / height);
        const auto x = at::arange(width, at::kFloat) * static_cast<double>(padded[1] / width);
        const auto at_y = y.view({-1, 1}).expand({height, width}).reshape(-1);
        const auto at_x = x.view({1, -1}).expand({height, width}).reshape(-1);
        const auto places = at::stack({at_x, at_y, at_x, at_y}, 1).view({-1, 1, 4});
        all.push_back((places + anchors_of_size(level_size).view({1, -1, 4})).reshape({-1, 4}));
        level_size *= 2;
    }
    return all;
}

}  // namespace hfc::detection
