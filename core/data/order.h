// The order in which an epoch visits the samples of a data set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// A permutation of 0 .. n-1 (CPU; int32 where n allows it, else int64) that depends on n, seed and
/// epoch alone: training and every other loop with the same three visit the samples in the same
/// order. A million positions take 4 MB.
at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch);

/// Which of the processes that share some work this one is.
struct Share {
    int64_t rank = 0;   ///< 0 to ranks - 1
    int64_t ranks = 1;  ///< at least 1
};

/// How many of the n images of a batch are this process's: n / ranks, the rest with the first.
int64_t rows_of(int64_t n, const Share& share);

/// The part of the order that is this process's: of each batch of `batch_size` the rows rank, rank
/// + ranks, ... A loader of the part gives them batch by batch, if its batch size is rows_of() the
/// whole one's. drop_last: without the rows of a last batch of fewer images.
at::Tensor part_of_batches(const at::Tensor& order, int64_t batch_size, bool drop_last,
                           const Share& share);

/// The positions 0 to n - 1 of whole batches: rank, rank + ranks, ... Each batch is the one that a
/// single process would have. Undefined for the only process: all positions.
at::Tensor batches_of(int64_t n, int64_t batch_size, const Share& share);

}  // namespace hfc::data
