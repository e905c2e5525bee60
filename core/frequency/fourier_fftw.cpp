#include "frequency/fourier_fftw.h"

#include "base/error.h"

#include <algorithm>
#include <list>
#include <map>
#include <mutex>

namespace hfc::frequency {
namespace {

// FFTW_MEASURE would choose the plan by timing, so two runs of one script could differ in the last
// bit.
constexpr unsigned planning = FFTW_ESTIMATE | FFTW_DESTROY_INPUT;

/// FFTW's planner and all its plans. Never destroyed, because a thread may still be running a plan
/// when the process ends.
struct Planner {
    using Size = std::pair<int64_t, int64_t>;
    using Kept = std::list<std::pair<Size, std::shared_ptr<const FftwPlans>>>;

    std::mutex mutex;
    Kept kept;  ///< the most recently used first
    std::map<Size, Kept::iterator> by_size;
    size_t alive = 0;
};

Planner& planner() {
    static auto& one = *new Planner;
    return one;
}

void destroy(FftwPlans* plans) {
    const std::scoped_lock lock(planner().mutex);
    fftwf_destroy_plan(plans->forward);
    fftwf_destroy_plan(plans->inverse);
    delete plans;
    --planner().alive;
}

/// The caller must hold the planner's lock.
std::shared_ptr<const FftwPlans> make_plans(int64_t height, int64_t width) {
    const auto h = static_cast<int>(height);
    const auto w = static_cast<int>(width);
    auto* pixels = fftwf_alloc_real(height * width);
    auto* spectrum = fftwf_alloc_complex(height * (width / 2 + 1));
    const FftwPlans plans{height, width, fftwf_plan_dft_r2c_2d(h, w, pixels, spectrum, planning),
                          fftwf_plan_dft_c2r_2d(h, w, spectrum, pixels, planning)};
    fftwf_free(pixels);
    fftwf_free(spectrum);
    require(plans.forward != nullptr && plans.inverse != nullptr,
            "FFTW cannot plan a transform for images of {} x {} pixels", height, width);
    ++planner().alive;
    return {new FftwPlans(plans), destroy};
}

}  // namespace

std::shared_ptr<const FftwPlans> fftw_plans(int64_t height, int64_t width) {
    std::shared_ptr<const FftwPlans> dropped;  // destroyed after the lock is released
    auto& [mutex, kept, by_size, alive] = planner();
    const std::scoped_lock lock(mutex);
    const Planner::Size size(height, width);
    if (const auto found = by_size.find(size); found != by_size.end()) {
        kept.splice(kept.begin(), kept, found->second);
        return found->second->second;
    }
    kept.emplace_front(size, make_plans(height, width));
    by_size[size] = kept.begin();
    if (kept.size() > most_kept_plans) {
        by_size.erase(kept.back().first);
        dropped = std::move(kept.back().second);
        kept.pop_back();
        fftwf_forget_wisdom();  // what the planner remembers of each size grows too
    }
    return kept.front().second;
}

size_t fftw_plans_alive() {
    const std::scoped_lock lock(planner().mutex);
    return planner().alive;
}

FftwChannel::FftwChannel(std::shared_ptr<const FftwPlans> plans)
    : shared_(std::move(plans)),
      plans_(*shared_),
      columns_(plans_.width / 2 + 1),
      pixels_(fftwf_alloc_real(plans_.height * plans_.width)),
      spectrum_(fftwf_alloc_complex(plans_.height * columns_)),
      masked_(fftwf_alloc_complex(plans_.height * columns_)) {
    require(pixels_ && spectrum_ && masked_, "not enough memory for images of {} x {} pixels",
            plans_.height, plans_.width);
}

void FftwChannel::forward(const float* pixels) {
    // The copy has the alignment that the plan was made for, and leaves the caller's pixels
    // unchanged.
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
