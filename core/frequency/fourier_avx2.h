// The frequency split of one channel in AVX2 code: deterministic, and several times as fast as FFTW
// without AVX2 codelets.
#pragma once

#ifdef __x86_64__

#include "frequency/disc.h"
#include "frequency/fft_avx2.h"

#include <cstddef>
#include <memory>

namespace hfc::frequency {

/// Memory for `count` elements, aligned for AVX2.
template <typename T>
class AlignedArray {
  public:
    explicit AlignedArray(size_t count)
        : memory_(static_cast<T*>(operator new (count * sizeof(T), std::align_val_t{64}))) {}
    T* data() const { return memory_.get(); }

  private:
    struct Free {
        void operator()(T* memory) const { operator delete (memory, std::align_val_t{64}); }
    };

    std::unique_ptr<T, Free> memory_;
};

/// The frequencies within a radius, as factors on the half spectrum, in the order in which
/// SplitAvx2 stores it.
struct DiscAvx2 {
    DiscAvx2(int64_t height, int64_t width, double radius, Rule rule);

    int64_t columns;             ///< column frequencies below this are kept in some row
    int64_t row_groups;          ///< groups of eight row frequencies, some of which are kept
    std::vector<float> factors;  ///< [group][column][8]: 1 / (H W) or 0
    std::vector<float> nyquist;  ///< [column], for the row frequency H/2
};

/// Splits one channel at a time in its own scratch memory: use one object per thread. Each register
/// lane holds one of the row frequencies k = 0 .. H/2 - 1. After the transform along the height,
/// the values at row frequencies 0 and H/2 are real, so the values at H/2 are stored as the
/// imaginary parts of those at 0.
class SplitAvx2 {
  public:
    /// Whether the processor and the size are supported: AVX2 and FMA; at least 8 x 8 pixels, an
    /// even height, and no prime factors other than 2, 3, 5 and 7.
    static bool supports(int64_t height, int64_t width);

    SplitAvx2(int64_t height, int64_t width, const FftAvx2& along_height,
              const FftAvx2& along_width);

    /// Transforms one channel of height x width pixels; `pixels` must stay valid until the last
    /// call to split().
    void forward(const float* pixels);

    /// Writes the low part, x minus the low part, or both (pass nullptr for a part that is not
    /// needed). If `streaming` is true, the writes bypass the caches.
    void split(const DiscAvx2& disc, float* low, float* high, bool streaming);

  private:
    void columns_forward();
    void rows_forward(int64_t group);
    void rows_inverse(const DiscAvx2& disc, int64_t group);
    void columns_inverse(int64_t pair, int64_t kept_rows);
    void write(int64_t pair, float* low, float* high, bool streaming) const;

    int64_t height_;
    int64_t width_;
    /// Rounded up to a multiple of 16, because columns are processed 16 at a time.
    int64_t padded_width_;
    int64_t groups_;  ///< groups of eight row frequencies
    const FftAvx2& along_height_;
    const FftAvx2& along_width_;
    const float* pixels_ = nullptr;
    AlignedArray<float> padded_;  ///< the channel with padded rows, if its own rows cannot be used
    AlignedArray<float>
        half_;  ///< [row frequency][column], real parts, transformed only along the height
    AlignedArray<float> half_im_;      ///< the imaginary parts
    AlignedArray<Complex8> spectrum_;  ///< [group][column frequency]
    std::vector<float> nyquist_;       ///< [column frequency], complex
    AlignedArray<Complex8> work_;
    AlignedArray<Complex8> scratch_;
    AlignedArray<Complex8> result_;
};

}  // namespace hfc::frequency

#endif  // __x86_64__
