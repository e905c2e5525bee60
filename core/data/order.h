// The order in which an epoch visits the samples of a data set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace hfc::data {

/// A permutation of 0 .. n-1 (CPU; int32 where n allows it, else int64) that depends on n, seed and
/// epoch alone: training and every other loop with the same three visit the samples in the same
/// order. A million positions take 4 MB.
at::Tensor epoch_order(int64_t n, uint64_t seed, int64_t epoch);

}  // namespace hfc::data
