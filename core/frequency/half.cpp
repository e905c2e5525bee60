#include "frequency/half.h"

#include <ATen/ATen.h>

namespace hfc::frequency {

at::Tensor half_transform(const at::Tensor& images) {
    return at::fft_rfft2(images.contiguous());
}

at::Tensor half_of(const at::Tensor& full) {
    return full.narrow(-1, 0, full.size(-1) / 2 + 1);
}

at::Tensor full_of(const at::Tensor& half, int64_t width) {
    // Column c beyond W / 2 is column W - c with its rows in the order 0, H-1, H-2 ... 1.
    const auto rest = half.narrow(-1, 1, width - half.size(-1));
    return at::cat({half, rest.flip({-2, -1}).roll(1, -2)}, -1);
}

at::Tensor symmetrise_half(const at::Tensor& half, int64_t width) {
    auto result = half.clone();
    const auto mend = [&](int64_t column) {
        const auto values = half.select(-1, column);
        result.select(-1, column).copy_((values + values.flip(-1).roll(1, -1)) / 2);
    };
    mend(0);
    if (width % 2 == 0) {
        mend(width / 2);
    }
    return result;
}

at::Tensor column_counts(int64_t width, const at::TensorOptions& options) {
    auto counts = at::full({width / 2 + 1}, 2, options);
    counts[0] = 1;
    if (width % 2 == 0) {
        counts[width / 2] = 1;
    }
    return counts;
}

at::Tensor real_product(const at::Tensor& a, const at::Tensor& b) {
    return at::view_as_real(a).mul(at::view_as_real(b)).sum(-1);
}

}  // namespace hfc::frequency
