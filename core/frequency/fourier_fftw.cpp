#include "frequency/fourier_fftw.h"

#include "base/error.h"

#include <map>
#include <mutex>

namespace hfc::frequency {
namespace {

// FFTW_MEASURE would choose the plan by timing, so that two runs of one script could differ in the
// last bit.
constexpr unsigned planning = FFTW_ESTIMATE | FFTW_DESTROY_INPUT;

FftwPlans make_plans(int64_t height, int64_t width) {
    const auto h = static_cast<int>(height);
    const auto w = static_cast<int>(width);
    auto* pixels = fftwf_alloc_real(height * width);
    auto* spectrum = fftwf_alloc_complex(height * (width / 2 + 1));
    const FftwPlans plans{height, width, fftwf_plan_dft_r2c_2d(h, w, pixels, spectrum, planning),
                          fftwf_plan_dft_c2r_2d(h, w, spectrum, pixels, planning)};
    fftwf_free(pixels);
    fftwf_free(spectrum);
    require(plans.forward != nullptr && plans.inverse != nullptr,
            "hfc.frequency.split: FFTW cannot plan for images of {} x {}", height, width);
    return plans;
}

}  // namespace

const FftwPlans& fftw_plans(int64_t height, int64_t width) {
    static std::mutex mutex;
    // Never destroyed: a thread may still run a plan while the process ends.
    static auto& cache = *new std::map<std::pair<int64_t, int64_t>, FftwPlans>;
    const std::scoped_lock lock(mutex);
    const auto found = cache.find({height, width});
    return found != cache.end()
               ? found->second
               : cache.try_emplace({height, width}, make_plans(height, width)).first->second;
}

FftwChannel::FftwChannel(const FftwPlans& plans)
    : plans_(plans),
      columns_(plans.width / 2 + 1),
      pixels_(fftwf_alloc_real(plans.height * plans.width)),
      spectrum_(fftwf_alloc_complex(plans.height * columns_)),
      masked_(fftwf_alloc_complex(plans.height * columns_)) {
    require(pixels_ && spectrum_ && masked_, "hfc.frequency.split: no memory for images of {} x {}",
            plans.height, plans.width);
}

void FftwChannel::forward(const float* pixels) {
    // The copy gives FFTW the alignment its plan was made for, and spares the caller's pixels.
    std::copy_n(pixels, plans_.height * plans_.width, pixels_.get());
    fftwf_execute_dft_r2c(plans_.forward, pixels_.get(), spectrum_.get());
}

const float* FftwChannel::low(const std::vector<int64_t>& widths) {
    const auto scale = static_cast<float>(
        1.0 / (static_cast<double>(plans_.height) * static_cast<double>(plans_.width)));
    for (int64_t i = 0; i < plans_.height; ++i) {
        const auto kept = 2 * widths[frequency_of(i, plans_.height)];
        const auto* from = reinterpret_cast<const float*>(spectrum_.get() + i * columns_);
        auto* to = reinterpret_cast<float*>(masked_.get() + i * columns_);
        for (int64_t j = 0; j < kept; ++j) {
            to[j] = from[j] * scale;
        }
        std::fill(to + kept, to + 2 * columns_, 0.0f);
    }
    fftwf_execute_dft_c2r(plans_.inverse, masked_.get(), pixels_.get());
    return pixels_.get();
}

}  // namespace hfc::frequency
