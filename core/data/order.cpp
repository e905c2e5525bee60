#include "data/order.h"

#include "base/random.h"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace hfc::data {

at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch) {
    const bool small = n <= std::numeric_limits<int32_t>::max();
    return permutation(n, seed, fmt::format("epoch {}", epoch), small ? at::kInt : at::kLong);
}

int64_t rows_of(int64_t n, const Share& share) {
    return n / share.ranks + (share.rank < n % share.ranks ? 1 : 0);
}

at::Tensor part_of_batches(const at::Tensor& order, int64_t batch_size, bool drop_last,
                           const Share& share) {
    if (share.ranks == 1) {
        return order;
    }
    const auto n = order.size(0);
    const auto whole = n - n % batch_size;
    const auto rows = order.slice(0, 0, whole)
                          .view({-1, batch_size})
                          .slice(1, share.rank, batch_size, share.ranks)
                          .reshape({-1});
    const auto rest = order.slice(0, whole + share.rank, n, share.ranks);
    return drop_last || whole + share.rank >= n ? rows : at::cat({rows, rest});
}

at::Tensor batches_of(int64_t n, int64_t batch_size, const Share& share) {
    if (share.ranks == 1) {
        return {};
    }
    std::vector<at::Tensor> parts = {at::empty({0}, at::kLong)};
    for (auto begin = share.rank * batch_size; begin < n; begin += share.ranks * batch_size) {
        parts.push_back(at::arange(begin, std::min(begin + batch_size, n), at::kLong));
    }
    return at::cat(parts);
}

}  // namespace hfc::data
