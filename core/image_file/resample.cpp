#include "image_file/resample.h"

#include "base/error.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>

namespace hfc::image_file {
namespace {

/// The filter's grid starts at its first input pixel. If only a part of the result is needed, the
/// filter gets only some of the input pixels, and the first of them must start where a pixel of the
/// result starts. Of the last `choices` pixels of the result before the part, the one that fits
/// best is used. If there are fewer, they include the first pixel of the result, which fits
/// exactly.
constexpr int64_t choices = 1024;

int64_t grid_begin(int64_t latest, double step) {
    const auto earliest = std::max<int64_t>(0, latest - choices);
    auto best = earliest;
    double least = 1;
    for (auto at = latest; at >= earliest; --at) {
        const double place = static_cast<double>(at) * step;
        const double error = std::abs(place - std::nearbyint(place));
        if (error < least - 1e-9) {
            least = error;
            best = at;
        }
    }
    return best;
}

AxisPlan plan_axis(int64_t box_begin, int64_t length, int64_t resized, int64_t window_begin,
                   int64_t window_length, double radius) {
    const auto first = std::clamp<int64_t>(window_begin, 0, resized);
    const auto end = std::clamp<int64_t>(window_begin + window_length, 0, resized);
    AxisPlan plan;
    plan.begin = plan.need_begin = box_begin;
    plan.length = plan.need_length = length;
    plan.computed = resized;
    plan.kept_begin = first;
    plan.kept = end - first;
    plan.to = first - window_begin;
    plan.scale = static_cast<double>(resized) / static_cast<double>(length);
    if (plan.kept == resized) {
        return plan;
    }
    const double step = static_cast<double>(length) / static_cast<double>(resized);
    const double reach = radius * std::max(step, 1.) + 2;
    const auto need_begin = std::max<int64_t>(
        0, static_cast<int64_t>(std::floor(static_cast<double>(first) * step - reach)));
    const auto need_end = std::min<int64_t>(
        length, static_cast<int64_t>(std::ceil(static_cast<double>(end) * step + reach)));
    const auto start =
        grid_begin(static_cast<int64_t>(static_cast<double>(need_begin) / step), step);
    const auto given = std::min(
        need_begin, static_cast<int64_t>(std::nearbyint(static_cast<double>(start) * step)));
    plan.whole = false;
    plan.begin = box_begin + given;
    plan.length = need_end - given;
    plan.need_begin = box_begin + need_begin;
    plan.need_length = need_end - need_begin;
    plan.computed = end - start;
    plan.kept_begin = first - start;
    if (plan.computed == plan.length && length != resized) {
        ++plan.computed;  // LibTorch would take it for a side that keeps its size
    }
    return plan;
}

at::Tensor filtered(const at::Tensor& picture, const Plan& plan, Interpolation interpolation) {
    const auto scale = [](const AxisPlan& axis) {
        return axis.whole ? std::nullopt : std::optional<double>(axis.scale);
    };
    const std::array<int64_t, 2> size = {plan.rows.computed, plan.columns.computed};
    constexpr bool align_corners = false;
    return interpolation == Interpolation::bilinear
               ? at::_upsample_bilinear2d_aa(picture, size, align_corners, scale(plan.rows),
                                             scale(plan.columns))
               : at::_upsample_bicubic2d_aa(picture, size, align_corners, scale(plan.rows),
                                            scale(plan.columns));
}

/// Copies pixels that lie `step` bytes apart into three planes.
void split_row(const uint8_t* pixels, int64_t step, int64_t count, int64_t plane, uint8_t* to) {
    for (int c = 0; c < 3; ++c) {
        const auto* from = pixels + c;
        auto* row = to + c * plane;
        for (int64_t x = 0; x < count; ++x) {
            row[x] = from[x * step];
        }
    }
}

}  // namespace

Plan plan_resampling(const Geometry& geometry, Interpolation interpolation) {
    const auto& [box, resized, window, flip] = geometry;
    const double radius = interpolation == Interpolation::bilinear ? 1 : 2;
    return {plan_axis(box.top, box.height, resized.height, window.top, window.height, radius),
            plan_axis(box.left, box.width, resized.width, window.left, window.width, radius)};
}

void resample(const uint8_t* rgb, size_t stride, const Plan& plan, const Geometry& geometry,
              Interpolation interpolation, uint8_t* planes) {
    const auto& [rows, columns] = plan;
    const auto& window = geometry.window;
    const c10::InferenceMode guard;
    at::Tensor result;
    const uint8_t* pixels = rgb;
    auto row_bytes = static_cast<int64_t>(stride);
    if (geometry.resized != Size{geometry.box.height, geometry.box.width}) {
        const auto picture =
            at::from_blob(const_cast<uint8_t*>(rgb), {1, 3, rows.length, columns.length},
                          {row_bytes * rows.length, 1, row_bytes, 3}, at::kByte);
        result = filtered(picture, plan, interpolation).contiguous(at::MemoryFormat::ChannelsLast);
        pixels = result.const_data_ptr<uint8_t>();
        row_bytes = 3 * columns.computed;
    }
    const auto plane = window.height * window.width;
    if (rows.kept < window.height || columns.kept < window.width) {
        std::memset(planes, 0, static_cast<size_t>(3 * plane));
    }
    const auto left = geometry.flip ? window.width - columns.to - columns.kept : columns.to;
    for (int64_t y = 0; y < rows.kept; ++y) {
        const auto* row = pixels + (rows.kept_begin + y) * row_bytes + 3 * columns.kept_begin;
        auto* to = planes + (rows.to + y) * window.width + left;
        if (geometry.flip) {
            split_row(row + 3 * (columns.kept - 1), -3, columns.kept, plane, to);
        } else {
            split_row(row, 3, columns.kept, plane, to);
        }
    }
}

}  // namespace hfc::image_file
