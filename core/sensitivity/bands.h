// Summarises maps over frequencies by distance or by direction.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace hfc::sensitivity {

/// The statistic computed from the values in a band.
enum class Measure {
    norm,  ///< the root of the sum of squares, as in the paper
    rms,   ///< the root of the mean square, which does not grow with the number of frequencies
    mean,
    sum,
};

/// "norm", "rms", "mean" or "sum". Throws Error for anything else.
Measure parse_measure(std::string_view text);

struct Bands {
    at::Tensor values;   ///< float64 [..., bands]; 0 in a band without frequencies
    at::Tensor centres;  ///< float64 [bands], in frequency bins or in radians
    at::Tensor counts;   ///< int64 [bands]: the number of frequencies
};

/// Rings of equal width around the zero frequency, from 0 to `radius` bins, including the outer
/// edge of the last ring. If `radius` is 0, the rings extend to the farthest frequency, hypot(H /
/// 2, W / 2) for even sizes. map: [..., H, W], zero-frequency component first. Throws Error for
/// fewer than one band.
Bands radial(const at::Tensor& map, int64_t bands = 64, Measure measure = Measure::norm,
             double radius = 0);

/// Sectors of directions modulo pi, because k and -k are the same frequency of an image. Band 0 is
/// centred at direction 0 (horizontal frequencies: patterns that vary from column to column), and
/// band n / 2 at pi / 2. The zero frequency has no direction and is left out. If `radius` is not 0,
/// the frequencies beyond it are also left out.
Bands angular(const at::Tensor& map, int64_t bands = 64, Measure measure = Measure::norm,
              double radius = 0);

}  // namespace hfc::sensitivity
