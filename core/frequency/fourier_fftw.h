// One channel's Fourier transform by FFTW, for every size.
#pragma once

#include "frequency/disc.h"

#include <fftw3.h>

#include <memory>

namespace hfc::frequency {

/// The plans of one image size. Made once a size and process, shared by all threads.
struct FftwPlans {
    int64_t height;
    int64_t width;
    fftwf_plan forward;
    fftwf_plan inverse;
};

/// The plans of a size. FFTW's planner is not thread-safe: this holds a lock while planning.
const FftwPlans& fftw_plans(int64_t height, int64_t width);

/// Scratch memory of one thread, and the transforms of one channel at a time in it.
class FftwChannel {
  public:
    explicit FftwChannel(const FftwPlans& plans);

    /// Transforms one channel of height x width pixels; low() then refers to it.
    void forward(const float* pixels);

    /// The channel with only the frequencies of a disc (see disc_widths) kept; valid until the next
    /// call.
    const float* low(const std::vector<int64_t>& widths);

  private:
    struct Free {
        void operator()(void* memory) const { fftwf_free(memory); }
    };

    const FftwPlans& plans_;
    int64_t columns_;
    std::unique_ptr<float[], Free> pixels_;
    std::unique_ptr<fftwf_complex[], Free> spectrum_;
    std::unique_ptr<fftwf_complex[], Free> masked_;
};

}  // namespace hfc::frequency
