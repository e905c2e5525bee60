#include "frequency/fourier_avx2.h"

#ifdef __x86_64__

#include <algorithm>
#include <cstring>

namespace hfc::frequency {
namespace {

int64_t round_up(int64_t n, int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

/// Transposes eight rows of eight.
HFC_AVX2_INLINE void transpose(__m256* rows) {
    __m256 pairs[8];
    __m256 fours[8];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
        fours[4 * i] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0x44);
        fours[4 * i + 1] = _mm256_shuffle_ps(pairs[4 * i], pairs[4 * i + 2], 0xEE);
        fours[4 * i + 2] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0x44);
        fours[4 * i + 3] = _mm256_shuffle_ps(pairs[4 * i + 1], pairs[4 * i + 3], 0xEE);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
}

}  // namespace

DiscAvx2::DiscAvx2(int64_t height, int64_t width, double radius, Rule rule)
    : factors(round_up(height / 2, 8) * width), nyquist(width) {
    const auto scale =
        static_cast<float>(1.0 / (static_cast<double>(height) * static_cast<double>(width)));
    const auto widths = disc_widths(height, width, radius, rule);
    columns = widths[0];
    const auto kept_rows =
        std::count_if(widths.begin(), widths.end() - 1, [](int64_t kept) { return kept > 0; });
    row_groups = round_up(kept_rows, 8) / 8;
    for (int64_t column = 0; column < width; ++column) {
        const auto frequency = frequency_of(column, width);
        for (int64_t row = 0; row < height / 2; ++row) {
            factors[(row / 8 * width + column) * 8 + row % 8] = frequency < widths[row] ? scale : 0;
        }
        nyquist[column] = frequency < widths.back() ? scale : 0;
    }
}

bool SplitAvx2::supports(int64_t height, int64_t width) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && height % 2 == 0 &&
           height >= 8 && width >= 8 && FftAvx2::supports(height) && FftAvx2::supports(width);
}

SplitAvx2::SplitAvx2(int64_t height, int64_t width, const FftAvx2& along_height,
                     const FftAvx2& along_width)
    : height_(height),
      width_(width),
      padded_width_(round_up(width, 16)),
      groups_(round_up(height / 2, 8) / 8),
      along_height_(along_height),
      along_width_(along_width),
      padded_(padded_width_ == width ? 0 : height * padded_width_),
      half_(groups_ * 8 * padded_width_),
      half_im_(groups_ * 8 * padded_width_),
      spectrum_(groups_ * width),
      nyquist_(2 * width),
      work_(std::max(height, padded_width_)),
      scratch_(std::max(height, padded_width_)),
      result_(std::max(height, padded_width_)) {
    // The lanes beyond H/2 are computed with the others but never used. Zeros keep them from
    // slowing the others down.
    std::memset(half_.data(), 0, sizeof(float) * groups_ * 8 * padded_width_);
    std::memset(half_im_.data(), 0, sizeof(float) * groups_ * 8 * padded_width_);
}

void SplitAvx2::forward(const float* pixels) {
    pixels_ = pixels;
    columns_forward();
    for (int64_t group = 0; group < groups_; ++group) {
        rows_forward(group);
    }
}

/// Transforms sixteen columns at a time as eight complex ones, left + i right, and separates them
/// afterwards by their symmetries.
HFC_AVX2 void SplitAvx2::columns_forward() {
    const auto* pixels = pixels_;
    if (padded_width_ != width_) {
        for (int64_t i = 0; i < height_; ++i) {
            auto* row = padded_.data() + i * padded_width_;
            std::copy_n(pixels_ + i * width_, width_, row);
            std::fill(row + width_, row + padded_width_, 0.0f);
        }
        pixels = padded_.data();
    }
    const __m256 half = _mm256_set1_ps(0.5f);
    for (int64_t column = 0; column < padded_width_; column += 16) {
        for (int64_t i = 0; i < height_; ++i) {
            const auto* row = pixels + i * padded_width_ + column;
            work_.data()[i] = {_mm256_loadu_ps(row), _mm256_loadu_ps(row + 8)};
        }
        along_height_.run(work_.data(), scratch_.data(), result_.data());
        const auto* result = result_.data();
        auto* re = half_.data() + column;
        auto* im = half_im_.data() + column;
        _mm256_store_ps(re, result[0].re);
        _mm256_store_ps(im, result[height_ / 2].re);
        _mm256_store_ps(re + 8, result[0].im);
        _mm256_store_ps(im + 8, result[height_ / 2].im);
        for (int64_t k = 1; k < height_ / 2; ++k) {
            const auto& a = result[k];
            const auto& b = result[height_ - k];
            re += padded_width_;
            im += padded_width_;
            _mm256_store_ps(re, (a.re + b.re) * half);
            _mm256_store_ps(im, (a.im - b.im) * half);
            _mm256_store_ps(re + 8, (a.im + b.im) * half);
            _mm256_store_ps(im + 8, (b.re - a.re) * half);
        }
    }
}

HFC_AVX2 void SplitAvx2::rows_forward(int64_t group) {
    for (int64_t column = 0; column < width_; column += 8) {
        __m256 re[8];
        __m256 im[8];
        const auto offset = group * 8 * padded_width_ + column;
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            re[i] = _mm256_load_ps(half_.data() + offset + i * padded_width_);
        }
        transpose(re);
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            im[i] = _mm256_load_ps(half_im_.data() + offset + i * padded_width_);
        }
        transpose(im);
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            work_.data()[column + i] = {re[i], im[i]};
        }
    }
    auto* spectrum = spectrum_.data() + group * width_;
    along_width_.run(work_.data(), scratch_.data(), spectrum);
    if (group > 0) {
        return;
    }
    // Lane 0 holds F0 + i F(H/2), both transforms of real rows. F0(k) = (G(k) + conj G(-k)) / 2,
    // and the other one is the difference divided by i.
    for (int64_t k = 0; k <= width_ / 2; ++k) {
        const auto mirrored = (width_ - k) % width_;
        const float re = spectrum[k].re[0];
        const float im = spectrum[k].im[0];
        const float other_re = spectrum[mirrored].re[0];
        const float other_im = spectrum[mirrored].im[0];
        nyquist_[2 * k] = nyquist_[2 * mirrored] = (im + other_im) / 2;
        nyquist_[2 * k + 1] = (other_re - re) / 2;
        nyquist_[2 * mirrored + 1] = (re - other_re) / 2;
        spectrum[k].re[0] = spectrum[mirrored].re[0] = (re + other_re) / 2;
        spectrum[k].im[0] = (im - other_im) / 2;
        spectrum[mirrored].im[0] = (other_im - im) / 2;
    }
}

/// Transforms back along the rows, eight row frequencies at a time. For the inverse, re and im are
/// swapped.
HFC_AVX2 void SplitAvx2::rows_inverse(const DiscAvx2& disc, int64_t group) {
    auto* work = work_.data();
    const auto* spectrum = spectrum_.data() + group * width_;
    const auto* factors = disc.factors.data() + group * width_ * 8;
    // Frequencies 0, 1, .. are at the start, -1, -2, .. at the end, with zeros in between.
    const auto negative = std::clamp(width_ - disc.columns + 1, disc.columns, width_);
    std::memset(static_cast<void*>(work + disc.columns), 0,
                sizeof(Complex8) * (negative - disc.columns));
    for (const auto& [begin, end] :
         {std::pair{int64_t{0}, disc.columns}, std::pair{negative, width_}}) {
        for (auto k = begin; k < end; ++k) {
            const __m256 factor = _mm256_loadu_ps(factors + 8 * k);
            work[k] = {spectrum[k].im * factor, spectrum[k].re * factor};
            if (group == 0) {
                work[k].im[0] -= nyquist_[2 * k + 1] * disc.nyquist[k];
                work[k].re[0] += nyquist_[2 * k] * disc.nyquist[k];
            }
        }
    }
    along_width_.run(work, scratch_.data(), result_.data());
    // The columns beyond the last one share complex numbers with valid ones, so their old contents
    // would add rounding errors.
    std::memset(static_cast<void*>(result_.data() + width_), 0,
                sizeof(Complex8) * (round_up(width_, 8) - width_));
    for (int64_t column = 0; column < width_; column += 8) {
        __m256 rows[8];
        const auto offset = group * 8 * padded_width_ + column;
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            rows[i] = result_.data()[column + i].im;
        }
        transpose(rows);
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            _mm256_store_ps(half_.data() + offset + i * padded_width_, rows[i]);
            rows[i] = result_.data()[column + i].re;
        }
        transpose(rows);
#pragma GCC unroll 8
        for (int64_t i = 0; i < 8; ++i) {
            _mm256_store_ps(half_im_.data() + offset + i * padded_width_, rows[i]);
        }
    }
}

/// Transforms back along sixteen columns, using only row frequencies below `kept_rows`; the others
/// are zero. result_ then contains the right columns as re and the left ones as im.
HFC_AVX2 void SplitAvx2::columns_inverse(int64_t pair, int64_t kept_rows) {
    auto* work = work_.data();
    const auto* re = half_.data() + pair * 16;
    const auto* im = half_im_.data() + pair * 16;
    work[0] = {_mm256_load_ps(re + 8), _mm256_load_ps(re)};
    work[height_ / 2] = {_mm256_load_ps(im + 8), _mm256_load_ps(im)};
    for (int64_t k = 1; k < kept_rows; ++k) {
        re += padded_width_;
        im += padded_width_;
        const __m256 left_re = _mm256_load_ps(re);
        const __m256 left_im = _mm256_load_ps(im);
        const __m256 right_re = _mm256_load_ps(re + 8);
        const __m256 right_im = _mm256_load_ps(im + 8);
        work[k] = {left_im + right_re, left_re - right_im};
        work[height_ - k] = {right_re - left_im, left_re + right_im};
    }
    const auto zeros = height_ / 2 - kept_rows;
    if (zeros > 0) {
        std::memset(static_cast<void*>(work + kept_rows), 0, sizeof(Complex8) * zeros);
        std::memset(static_cast<void*>(work + height_ / 2 + 1), 0, sizeof(Complex8) * zeros);
    }
    along_height_.run(work, scratch_.data(), result_.data());
}

HFC_AVX2 void SplitAvx2::write(int64_t pair, float* low, float* high, bool streaming) const {
    const auto column = pair * 16;
    const auto* result = result_.data();
    if (column + 16 > width_) {
        for (int64_t i = 0; i < height_; ++i) {
            for (int64_t j = column; j < width_; ++j) {
                const auto at = i * width_ + j;
                const float value =
                    j < column + 8 ? result[i].im[j - column] : result[i].re[j - column - 8];
                if (low != nullptr) {
                    low[at] = value;
                }
                if (high != nullptr) {
                    high[at] = pixels_[at] - value;
                }
            }
        }
        return;
    }
    for (int64_t i = 0; i < height_; ++i) {
        const auto at = i * width_ + column;
        const auto& [right, left] = result[i];
        if (low != nullptr) {
            streaming ? _mm256_stream_ps(low + at, left) : _mm256_storeu_ps(low + at, left);
            streaming ? _mm256_stream_ps(low + at + 8, right)
                      : _mm256_storeu_ps(low + at + 8, right);
        }
        if (high != nullptr) {
            const __m256 left_high = _mm256_loadu_ps(pixels_ + at) - left;
            const __m256 right_high = _mm256_loadu_ps(pixels_ + at + 8) - right;
            streaming ? _mm256_stream_ps(high + at, left_high)
                      : _mm256_storeu_ps(high + at, left_high);
            streaming ? _mm256_stream_ps(high + at + 8, right_high)
                      : _mm256_storeu_ps(high + at + 8, right_high);
        }
    }
}

void SplitAvx2::split(const DiscAvx2& disc, float* low, float* high, bool streaming) {
    for (int64_t group = 0; group < std::max<int64_t>(1, disc.row_groups); ++group) {
        rows_inverse(disc, group);
    }
    const auto kept_rows = std::min(height_ / 2, std::max<int64_t>(1, disc.row_groups) * 8);
    for (int64_t pair = 0; pair < padded_width_ / 16; ++pair) {
        columns_inverse(pair, kept_rows);
        write(pair, low, high, streaming && width_ % 16 == 0);
    }
}

}  // namespace hfc::frequency

#endif  // __x86_64__
