// Maps over frequencies, gathered by distance or by direction.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace hfc::sensitivity {

/// What is told of the values in a band.
enum class Measure {
    norm,  ///< root of the sum of squares, as in the paper
    rms,   ///< root of the mean square: does not grow with the number of frequencies
    mean,
    sum,
};

/// "norm", "rms", "mean" or "sum". Throws Error for anything else.
Measure parse_measure(std::string_view text);

struct Bands {
    at::Tensor values;   ///< float64 [..., bands]; 0 in a band without frequencies
    at::Tensor centres;  ///< float64 [bands]: in frequency bins, or in radians
    at::Tensor counts;   ///< int64 [bands]: frequencies
};

/// Rings of equal width about the zero frequency, from 0 to `radius` bins, the outermost ring's
/// edge included; 0: to the farthest frequency, hypot(H / 2, W / 2) for even sizes. map: [..., H,
/// W], zero frequency first. Throws Error for fewer than one band.
Bands radial(const at::Tensor& map, int64_t bands = 64, Measure measure = Measure::norm,
             double radius = 0);

/// Sectors of direction modulo pi, since k and -k are the same frequency of an image: band 0 is
/// centred at 0, frequencies along the rows (which vary from column to column); band n / 2 at pi
/// / 2. The zero frequency has no direction and is left out, and so are, where `radius` is not 0,
/// frequencies beyond it.
Bands angular(const at::Tensor& map, int64_t bands = 64, Measure measure = Measure::norm,
              double radius = 0);

}  // namespace hfc::sensitivity
