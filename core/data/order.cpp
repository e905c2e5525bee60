#include "data/order.h"

#include "base/random.h"

#include <fmt/format.h>

namespace hfc::data {

at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch) {
    return permutation(n, seed, fmt::format("epoch {}", epoch));
}

}  // namespace hfc::data
