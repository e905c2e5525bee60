// One channel's Fourier transform by FFTW, for every size.
#pragma once

#include "frequency/disc.h"

#include <fftw3.h>

#include <memory>

namespace hfc::frequency {

/// The plans of one image size, shared by all threads.
struct FftwPlans {
    int64_t height;
    int64_t width;
    fftwf_plan forward;
    fftwf_plan inverse;
};

/// How many sizes' plans are kept. Photographs come in hundreds of sizes, and a plan of a large one
/// takes as much memory as the picture.
constexpr size_t most_kept_plans = 64;

/// The plans of a size: kept ones, or new ones in place of those used longest ago. They live as
/// long as somebody holds them. FFTW's planner is not thread-safe: this holds a lock.
std::shared_ptr<const FftwPlans> fftw_plans(int64_t height, int64_t width);

/// How many sizes have plans now.
size_t fftw_plans_alive();

/// Scratch memory of one thread, and the transforms of one channel at a time in it.
class FftwChannel {
  public:
    explicit FftwChannel(std::shared_ptr<const FftwPlans> plans);

    /// Transforms one channel of height x width pixels; low() then refers to it.
    void forward(const float* pixels);

    /// The channel with only the frequencies of a disc (see disc_widths) kept; valid until the next
    /// call.
    const float* low(const std::vector<int64_t>& widths);

  private:
    struct Free {
        void operator()(void* memory) const { fftwf_free(memory); }
    };

    std::shared_ptr<const FftwPlans> shared_;
    const FftwPlans& plans_;
    int64_t columns_;
    std::unique_ptr<float[], Free> pixels_;
    std::unique_ptr<fftwf_complex[], Free> spectrum_;
    std::unique_ptr<fftwf_complex[], Free> masked_;
};

}  // namespace hfc::frequency
