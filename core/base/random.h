// Random numbers that depend only on a seed and a purpose, so that one use never affects another.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hfc {

/// A seed for one purpose ("shuffle labels", "epoch 3") derived from the user's seed (FNV-1a and
/// splitmix64).
uint64_t derive_seed(uint64_t seed, std::string_view purpose);

/// A CPU generator seeded for one purpose.
at::Generator make_generator(uint64_t seed, std::string_view purpose);

/// Returns a permutation of 0 .. n-1 (int64 or int32, CPU), which is the same for the same seed and
/// purpose on every machine. The numbers do not depend on `dtype`.
at::Tensor permutation(int64_t n, uint64_t seed, std::string_view purpose,
                       at::ScalarType dtype = at::kLong);

/// Returns `samples` (int64 [n], any device) on the CPU, or 0 .. n-1 if `samples` is undefined.
/// Throws Error for any other tensor.
at::Tensor sample_indices(const at::Tensor& samples, int64_t n);

/// Philox 4x32-10 (Salmon et al. 2011, 'Parallel random numbers: as easy as 1, 2, 3'): returns four
/// random words for each counter and key.
std::array<uint32_t, 4> philox(const std::array<uint32_t, 4>& counter, uint64_t key);

/// Returns `count` random numbers for each element of `samples` (int64 [N]), uniform in [0,1):
/// float64 [N, count], multiples of 2^-53, on the CPU. A row depends only on the seed, the purpose
/// and its sample, not on the other samples, the number of threads or the machine. A larger count
/// appends numbers to each row and does not change the others. A sample that occurs twice gets the
/// same numbers twice.
at::Tensor uniform_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                             std::string_view purpose);

/// Like uniform_by_sample(), but float32, multiples of 2^-24.
at::Tensor uniform_float_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                                   std::string_view purpose);

/// Like uniform_by_sample(), but from the standard normal distribution: float32, with absolute
/// values of at most 6.7.
at::Tensor normal_by_sample(const at::Tensor& samples, int64_t count, uint64_t seed,
                            std::string_view purpose);

}  // namespace hfc
