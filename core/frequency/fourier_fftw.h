// The Fourier transform of one channel with FFTW, for every size.
#pragma once

#include "frequency/disc.h"

#include <fftw3.h>

#include <memory>

namespace hfc::frequency {

/// The plans for one image size, which all threads share.
struct FftwPlans {
    int64_t height;
    int64_t width;
    fftwf_plan forward;
    fftwf_plan inverse;
};

/// The number of sizes whose plans are kept. Photographs come in hundreds of sizes, and the plan of
/// a large one takes as much memory as the picture.
constexpr size_t most_kept_plans = 64;

/// Returns the plans for a size: kept ones, or new ones, which replace the least recently used
/// ones. Plans are kept alive by the pointers to them. Takes a lock, because FFTW's planner is not
/// thread-safe.
std::shared_ptr<const FftwPlans> fftw_plans(int64_t height, int64_t width);

/// The number of sizes that have plans now.
size_t fftw_plans_alive();

/// Transforms one channel at a time in its own scratch memory: use one object per thread.
class FftwChannel {
  public:
    explicit FftwChannel(std::shared_ptr<const FftwPlans> plans);

    /// Transforms one channel of height x width pixels, for the following calls of low().
    void forward(const float* pixels);

    /// The channel with only the frequencies of a disc (see disc_widths); valid until the next
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
