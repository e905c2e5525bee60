#include "frequency/backends.h"

#include <ATen/ATen.h>

namespace hfc::frequency {

Parts split_torch(const at::Tensor& x, const std::vector<double>& radii,
                  const SplitOptions& options) {
    const auto height = x.size(-2);
    const auto width = x.size(-1);
    const auto spectrum = at::fft_rfft2(x);
    Parts parts;
    for (const double radius : radii) {
        // The mask is symmetric under k -> -k, so half of the spectrum determines it.
        const auto mask = radial_mask(height, width, radius, options.rule)
                              .narrow(1, 0, width / 2 + 1)
                              .to(x.options());
        const auto low = at::fft_irfft2(spectrum * mask, {{height, width}});
        if (options.high) {
            parts.high.push_back(x - low);
        }
        if (options.low) {
            parts.low.push_back(low);
        }
    }
    return parts;
}

}  // namespace hfc::frequency
