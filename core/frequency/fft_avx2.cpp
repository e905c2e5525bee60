#include "frequency/fft_avx2.h"

#ifdef __x86_64__

#include <cmath>
#include <numbers>
#include <utility>

namespace hfc::frequency {
namespace {

/// The radices in the order of the stages. The largest comes last, because the last stage needs no
/// twiddle factors.
std::vector<int> factors(int64_t n) {
    std::vector<int> found;
    for (const int radix : {8, 7, 5, 4, 3, 2}) {
        for (; n % radix == 0; n /= radix) {
            found.insert(found.begin(), radix);
        }
    }
    return n == 1 ? found : std::vector<int>{};
}

HFC_AVX2_INLINE Complex8 add(const Complex8& a, const Complex8& b) {
    return {a.re + b.re, a.im + b.im};
}

HFC_AVX2_INLINE Complex8 subtract(const Complex8& a, const Complex8& b) {
    return {a.re - b.re, a.im - b.im};
}

/// a - i b
HFC_AVX2_INLINE Complex8 subtract_i(const Complex8& a, const Complex8& b) {
    return {a.re + b.im, a.im - b.re};
}

/// a + i b
HFC_AVX2_INLINE Complex8 add_i(const Complex8& a, const Complex8& b) {
    return {a.re - b.im, a.im + b.re};
}

HFC_AVX2_INLINE Complex8 rotate(const Complex8& a, const float* factor) {
    const __m256 re = _mm256_broadcast_ss(factor);
    const __m256 im = _mm256_broadcast_ss(factor + 1);
    return {_mm256_fmsub_ps(a.re, re, a.im * im), _mm256_fmadd_ps(a.re, im, a.im * re)};
}

HFC_AVX2_INLINE void butterfly4(Complex8& v0, Complex8& v1, Complex8& v2, Complex8& v3) {
    const auto a = add(v0, v2);
    const auto b = subtract(v0, v2);
    const auto c = add(v1, v3);
    const auto d = subtract(v1, v3);
    v0 = add(a, c);
    v1 = subtract_i(b, d);
    v2 = subtract(a, c);
    v3 = add_i(b, d);
}

HFC_AVX2_INLINE void butterfly8(Complex8* v) {
    butterfly4(v[0], v[2], v[4], v[6]);
    butterfly4(v[1], v[3], v[5], v[7]);
    const __m256 half_root = _mm256_set1_ps(static_cast<float>(std::numbers::sqrt2 / 2));
    const Complex8 odd1{(v[3].re + v[3].im) * half_root, (v[3].im - v[3].re) * half_root};
    const Complex8 odd3{(v[7].re - v[7].im) * half_root, (v[7].re + v[7].im) * half_root};
    const auto even0 = v[0];
    const auto even1 = v[2];
    const auto even2 = v[4];
    const auto even3 = v[6];
    const auto odd0 = v[1];
    const auto odd2 = v[5];
    v[0] = add(even0, odd0);
    v[4] = subtract(even0, odd0);
    v[1] = add(even1, odd1);
    v[5] = subtract(even1, odd1);
    v[2] = subtract_i(even2, odd2);
    v[6] = add_i(even2, odd2);
    v[3] = subtract(even3, odd3);
    v[7] = add(even3, odd3);
}

/// For odd radices, the pairs j and Radix - j share their cosines and sines.
template <int Radix>
HFC_AVX2_INLINE void butterfly_odd(Complex8* v, const float* roots) {
    constexpr int half = Radix / 2;
    Complex8 sums[half];
    Complex8 differences[half];
    const auto first = v[0];
#pragma GCC unroll 8
    for (int j = 0; j < half; ++j) {
        sums[j] = add(v[j + 1], v[Radix - 1 - j]);
        differences[j] = subtract(v[j + 1], v[Radix - 1 - j]);
        v[0] = add(v[0], sums[j]);
    }
#pragma GCC unroll 8
    for (int k = 1; k <= half; ++k) {
        auto even = first;
        Complex8 odd{_mm256_setzero_ps(), _mm256_setzero_ps()};
#pragma GCC unroll 8
        for (int j = 0; j < half; ++j) {
            const __m256 cosine = _mm256_broadcast_ss(roots + (j + 1) * k % Radix);
            const __m256 sine = _mm256_broadcast_ss(roots + Radix + (j + 1) * k % Radix);
            even = {_mm256_fmadd_ps(cosine, sums[j].re, even.re),
                    _mm256_fmadd_ps(cosine, sums[j].im, even.im)};
            odd = {_mm256_fmadd_ps(sine, differences[j].re, odd.re),
                   _mm256_fmadd_ps(sine, differences[j].im, odd.im)};
        }
        v[k] = subtract_i(even, odd);
        v[Radix - k] = add_i(even, odd);
    }
}

template <int Radix>
HFC_AVX2_INLINE void butterfly(Complex8* v, const float* roots) {
    if constexpr (Radix == 2) {
        const auto sum = add(v[0], v[1]);
        v[1] = subtract(v[0], v[1]);
        v[0] = sum;
    } else if constexpr (Radix == 4) {
        butterfly4(v[0], v[1], v[2], v[3]);
    } else if constexpr (Radix == 8) {
        butterfly8(v);
    } else {
        butterfly_odd<Radix>(v, roots);
    }
}

template <int Radix, bool Twiddled>
HFC_AVX2_INLINE void group(const Complex8* __restrict in, int64_t distance,
                           Complex8* __restrict out, int64_t stride, const float* twiddles,
                           const float* roots) {
    for (int64_t t = 0; t < stride; ++t) {
        Complex8 v[Radix];
#pragma GCC unroll 8
        for (int j = 0; j < Radix; ++j) {
            v[j] = in[t + distance * j];
        }
        butterfly<Radix>(v, roots);
        out[t] = v[0];
#pragma GCC unroll 8
        for (int j = 1; j < Radix; ++j) {
            out[t + stride * j] = Twiddled ? rotate(v[j], twiddles + 2 * (j - 1)) : v[j];
        }
    }
}

template <int Radix>
HFC_AVX2 void run_stage(int64_t groups, int64_t stride, const float* twiddles, const float* roots,
                        const Complex8* in, Complex8* out) {
    const int64_t distance = stride * groups;
    group<Radix, false>(in, distance, out, stride, twiddles, roots);
    for (int64_t q = 1; q < groups; ++q) {
        group<Radix, true>(in + stride * q, distance, out + stride * Radix * q, stride,
                           twiddles + 2 * (Radix - 1) * q, roots);
    }
}

}  // namespace

bool FftAvx2::supports(int64_t n) {
    return n > 1 && !factors(n).empty();
}

FftAvx2::FftAvx2(int64_t n) {
    int64_t stride = 1;
    for (const int radix : factors(n)) {
        Stage stage{radix, n / radix, stride, {}, {}};
        for (int64_t q = 0; q < stage.groups; ++q) {
            for (int j = 1; j < radix; ++j) {
                const double angle =
                    -2 * std::numbers::pi * static_cast<double>(q * j) / static_cast<double>(n);
                stage.twiddles.push_back(static_cast<float>(std::cos(angle)));
                stage.twiddles.push_back(static_cast<float>(std::sin(angle)));
            }
        }
        for (int j = 0; j < 2 * radix; ++j) {
            const double angle = 2 * std::numbers::pi * (j % radix) / radix;
            stage.roots.push_back(
                static_cast<float>(j < radix ? std::cos(angle) : std::sin(angle)));
        }
        stages_.push_back(std::move(stage));
        n /= radix;
        stride *= radix;
    }
}

void FftAvx2::run(Complex8* in, Complex8* scratch, Complex8* out) const {
    for (size_t i = 0; i < stages_.size(); ++i) {
        const auto& stage = stages_[i];
        auto* to = i + 1 == stages_.size() ? out : scratch;
        const auto run = [&] {
            switch (stage.radix) {
                case 2:
                    return run_stage<2>;
                case 3:
                    return run_stage<3>;
                case 4:
                    return run_stage<4>;
                case 5:
                    return run_stage<5>;
                case 7:
                    return run_stage<7>;
                default:
                    return run_stage<8>;
            }
        }();
        run(stage.groups, stage.stride, stage.twiddles.data(), stage.roots.data(), in, to);
        scratch = std::exchange(in, to);
    }
}

}  // namespace hfc::frequency

#endif  // __x86_64__
