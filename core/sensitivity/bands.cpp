#include "sensitivity/bands.h"

#include "base/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hfc::sensitivity {
namespace {

/// The signed frequency of index `i` in an unshifted spectrum with `n` entries.
int64_t signed_frequency(int64_t i, int64_t n) {
    return i <= n / 2 ? i : i - n;
}

void check(const at::Tensor& map, int64_t bands, double radius) {
    require(
        map.defined() && map.dim() >= 2 && map.numel() > 0 && !map.is_complex(),
        "'map' must be a real tensor [..., H, W], got {}",
        map.defined() ? fmt::format("[{}]", fmt::join(map.sizes(), ", ")) : "an undefined tensor");
    require(bands >= 1 && bands <= 1'000'000, "bands must be between 1 and 1000000, got {}", bands);
    require(std::isfinite(radius) && radius >= 0, "radius must be a finite number >= 0, got {}",
            radius);
}

/// The band of each frequency, or -1 if it has none: int64 [H, W].
template <typename BandOf>
at::Tensor assign(int64_t height, int64_t width, BandOf&& band_of) {
    auto bands = at::empty({height, width}, at::kLong);
    auto values = bands.accessor<int64_t, 2>();
    for (int64_t i = 0; i < height; ++i) {
        for (int64_t j = 0; j < width; ++j) {
            values[i][j] = band_of(static_cast<double>(signed_frequency(i, height)),
                                   static_cast<double>(signed_frequency(j, width)));
        }
    }
    return bands;
}

Bands gather(const at::Tensor& map, const at::Tensor& assigned, int64_t bands, Measure measure) {
    const auto inside = assigned.flatten().ge(0).nonzero().squeeze(1);
    const auto index = assigned.flatten().index_select(0, inside);
    auto values = map.detach().cpu().to(at::kDouble).flatten(-2).index_select(-1, inside);
    const bool squares = measure == Measure::norm || measure == Measure::rms;
    if (squares) {
        values = values.square();
    }
    auto shape = values.sizes().vec();
    shape.back() = bands;
    Bands result;
    result.counts = at::bincount(index, {}, bands);
    result.values = at::zeros(shape, at::kDouble).index_add_(-1, index, values);
    if (measure == Measure::rms || measure == Measure::mean) {
        result.values.div_(result.counts.clamp_min(1));
    }
    if (squares) {
        result.values.sqrt_();
    }
    return result;
}

}  // namespace

Measure parse_measure(std::string_view text) {
    constexpr std::pair<std::string_view, Measure> known[] = {{"norm", Measure::norm},
                                                              {"rms", Measure::rms},
                                                              {"mean", Measure::mean},
                                                              {"sum", Measure::sum}};
    for (const auto& [name, measure] : known) {
        if (text == name) {
            return measure;
        }
    }
    fail("'measure' must be one of norm, rms, mean, sum; got '{}'", text);
}

Bands radial(const at::Tensor& map, int64_t bands, Measure measure, double radius) {
    check(map, bands, radius);
    const auto height = map.size(-2), width = map.size(-1);
    const double end =
        radius > 0 ? radius
                   : std::hypot(static_cast<double>(height / 2), static_cast<double>(width / 2));
    const double scale = end > 0 ? static_cast<double>(bands) / end : 0;
    const auto assigned = assign(height, width, [&](double row, double column) -> int64_t {
        const double distance = std::hypot(row, column);
        return distance > end ? -1 : std::min(static_cast<int64_t>(distance * scale), bands - 1);
    });
    auto result = gather(map, assigned, bands, measure);
    result.centres = (at::arange(bands, at::kDouble) + 0.5) * (end / static_cast<double>(bands));
    return result;
}

Bands angular(const at::Tensor& map, int64_t bands, Measure measure, double radius) {
    check(map, bands, radius);
    const double width = std::numbers::pi / static_cast<double>(bands);
    const auto assigned =
        assign(map.size(-2), map.size(-1), [&](double row, double column) -> int64_t {
            const double distance = std::hypot(row, column);
            if (distance == 0 || (radius > 0 && distance > radius)) {
                return -1;
            }
            // k and -k use the same angle, so that rounding at the edge of a sector cannot separate
            // them.
            const bool negate = row < 0 || (row == 0 && column < 0);
            const double angle = negate ? std::atan2(-row, -column) : std::atan2(row, column);
            return static_cast<int64_t>(std::floor(angle / width + 0.5)) % bands;
        });
    auto result = gather(map, assigned, bands, measure);
    result.centres = at::arange(bands, at::kDouble) * width;
    return result;
}

}  // namespace hfc::sensitivity
