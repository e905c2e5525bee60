#include "attack/square_draws.h"

#include "base/random.h"

#include <ATen/ATen.h>

namespace hfc::attack {
SquareDraws::SquareDraws(const at::Tensor& samples, int64_t count, uint64_t seed,
                         const std::string& purpose) {
    numbers_ = uniform_float_by_sample(samples.cpu(), count, seed, purpose);
}

at::Tensor SquareDraws::integers(int64_t column, int64_t below) const {
    return numbers_.select(1, column).mul(static_cast<double>(below)).to(at::kLong);
}

at::Tensor SquareDraws::signs(int64_t column, int64_t count) const {
    return numbers_.narrow(1, column, count).ge(0.5).to(at::kFloat).mul(2).sub(1);
}

at::Tensor SquareDraws::tiles(const at::Tensor& pattern, int64_t column, int64_t channels) const {
    const auto turned = numbers_.select(1, column).gt(0.5).view({-1, 1, 1});
    const auto patterns = at::where(turned, pattern.t(), pattern).unsqueeze(1);
    return patterns * signs(column + 1, channels).unsqueeze(2).unsqueeze(3);
}

}  // namespace hfc::attack
