// Random numbers that depend on a seed and a purpose alone, so that one use never shifts another.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace hfc {

/// A seed for one purpose ("shuffle labels", "epoch 3") derived from the user's seed (FNV-1a and
/// splitmix64).
uint64_t derive_seed(uint64_t seed, std::string_view purpose);

/// A CPU generator seeded for one purpose.
at::Generator make_generator(uint64_t seed, std::string_view purpose);

/// A permutation of 0 .. n-1 (int64, CPU), the same for the same seed and purpose on every machine.
at::Tensor permutation(int64_t n, uint64_t seed, std::string_view purpose);

}  // namespace hfc
