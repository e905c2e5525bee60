// One-dimensional complex Fourier transforms of eight sequences at once, one in each lane of an
// AVX2 register.
//
// The project is compiled for processors without AVX2. Only functions marked HFC_AVX2 use AVX2, and
// callers check the processor first. On architectures other than x86-64, this file is empty, and
// FFTW handles all sizes.
#pragma once

#ifdef __x86_64__

#include <immintrin.h>

#include <cstdint>
#include <vector>

#define HFC_AVX2 __attribute__((target("avx2,fma")))
#define HFC_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline

namespace hfc::frequency {

/// Eight complex numbers: the same element of eight sequences.
struct Complex8 {
    __m256 re;
    __m256 im;
};

/// A transform of length n by Stockham's algorithm: each stage removes one factor and leaves its
/// results in order. Supports lengths whose prime factors are 2, 3, 5 and 7.
class FftAvx2 {
  public:
    static bool supports(int64_t n);

    explicit FftAvx2(int64_t n);

    /// The forward transform, X(k) = sum over j of x(j) exp(-2 pi i j k / n). `in` is used as
    /// scratch memory; the initial contents of `scratch` and `out` are not read. The three arrays
    /// must not overlap, and each has n elements. For an inverse transform, swap re and im before
    /// and after.
    void run(Complex8* in, Complex8* scratch, Complex8* out) const;

  private:
    struct Stage {
        int radix;
        int64_t groups;               ///< butterflies with different twiddle factors
        int64_t stride;               ///< butterflies with the same twiddle factors
        std::vector<float> twiddles;  ///< (radix - 1) complex numbers per group
        std::vector<float> roots;     ///< the radix-th roots of unity, as cosines, then sines
    };

    std::vector<Stage> stages_;
};

}  // namespace hfc::frequency

#endif  // __x86_64__
