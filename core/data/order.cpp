#include "data/order.h"

#include "base/random.h"

#include <fmt/format.h>

#include <limits>

namespace hfc::data {

at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch) {
    const bool small = n <= std::numeric_limits<int32_t>::max();
    return permutation(n, seed, fmt::format("epoch {}", epoch), small ? at::kInt : at::kLong);
}

}  // namespace hfc::data
