// The order in which an epoch visits the samples of a data set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// Returns a permutation of 0 .. n-1 (CPU; int32 if n allows it, otherwise int64) that depends only
/// on n, seed and epoch. Training and any other loop with the same three values visit the samples
/// in the same order. A million positions take 4 MB.
at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch);

/// The rank of this process among the processes that share the work.
struct Share {
    int64_t rank = 0;   ///< 0 to ranks - 1
    int64_t ranks = 1;  ///< at least 1
};

/// The number of images that this process gets from a batch of n: n / ranks, plus one if rank is
/// below n % ranks.
int64_t rows_of(int64_t n, const Share& share);

/// Returns this process's part of the order: the rows rank, rank + ranks, ... of each batch of
/// `batch_size`. A loader that is given this part as its order, and rows_of(batch_size, share) as
/// its batch size, returns this process's part of each batch. drop_last: leave out the last batch
/// if it is smaller.
at::Tensor part_of_batches(const at::Tensor& order, int64_t batch_size, bool drop_last,
                           const Share& share);

/// Returns this process's part of the positions 0 to n - 1, in whole batches: the batches rank,
/// rank + ranks, ... Each batch is the same as in a single process. If there is only one process,
/// returns an undefined tensor, which stands for all positions.
at::Tensor batches_of(int64_t n, int64_t batch_size, const Share& share);

}  // namespace hfc::data
