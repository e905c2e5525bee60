// The Fourier transform of one channel with FFTW, for images of any size.
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

/// The number of sizes whose plans are kept. Photographs come in hundreds of sizes, and the plan
/// for a large one takes up as much memory as the picture.
constexpr size_t most_kept_plans = 64;

/// Returns the plans for a size. If they are not among the kept plans, makes them and drops the
/// least recently used plans if there are too many. Dropped plans stay alive as long as a pointer
/// to them exists. Takes a lock, because FFTW's planner is not thread-safe.
std::shared_ptr<const FftwPlans> fftw_plans(int64_t height, int64_t width);

/// The number of FftwPlans objects that exist now.
size_t fftw_plans_alive();

/// Transforms one channel at a time in its own scratch memory: use one object per thread.
class FftwChannel {
  public:
    explicit FftwChannel(std::shared_ptr<const FftwPlans> plans);

    /// Transforms one channel of height x width pixels; the following calls to low() use the
    /// result.
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
