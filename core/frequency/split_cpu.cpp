#include "frequency/backends.h"

#include "base/kept_memory.h"
#include "frequency/fourier_avx2.h"
#include "frequency/fourier_fftw.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <functional>

namespace hfc::frequency {
namespace {

std::vector<at::Tensor> outputs(bool wanted, const at::Tensor& x, size_t count) {
    std::vector<at::Tensor> tensors(wanted ? count : 0);
    std::ranges::generate(tensors, [&] { return empty_kept(x.sizes(), at::kFloat); });
    return tensors;
}

/// The memory of the input and output channels of one call.
struct Channels {
    Channels(const at::Tensor& x, const Parts& parts)
        : plane(x.size(-1) * x.size(-2)), pixels(x.const_data_ptr<float>()) {
        std::ranges::transform(parts.low, std::back_inserter(low), [](const auto& part) {
            return part.template mutable_data_ptr<float>();
        });
        std::ranges::transform(parts.high, std::back_inserter(high), [](const auto& part) {
            return part.template mutable_data_ptr<float>();
        });
    }

    float* low_of(size_t radius, int64_t channel) const {
        return low.empty() ? nullptr : low[radius] + channel * plane;
    }
    float* high_of(size_t radius, int64_t channel) const {
        return high.empty() ? nullptr : high[radius] + channel * plane;
    }

    int64_t plane;
    const float* pixels;
    std::vector<float*> low;
    std::vector<float*> high;
};

void parallel(const at::Tensor& x, const Channels& channels,
              const std::function<void(int64_t, int64_t)>& work) {
    at::parallel_for(0, x.numel() / channels.plane, std::max<int64_t>(1, 16384 / channels.plane),
                     work);
}

#ifdef __x86_64__
/// Above this size, outputs would leave the caches before they are read, so they bypass the caches.
constexpr int64_t streaming_bytes = 32 << 20;

void run_avx2(const at::Tensor& x, const std::vector<double>& radii, Rule rule,
              const Channels& channels) {
    const auto height = x.size(-2);
    const auto width = x.size(-1);
    const FftAvx2 along_height(height);
    const FftAvx2 along_width(width);
    std::vector<DiscAvx2> discs;
    for (const double radius : radii) {
        discs.emplace_back(height, width, radius, rule);
    }
    const auto parts = static_cast<int64_t>(channels.low.size() + channels.high.size());
    const bool streaming =
        parts * x.numel() * static_cast<int64_t>(sizeof(float)) > streaming_bytes;
    parallel(x, channels, [&](int64_t begin, int64_t end) {
        SplitAvx2 split(height, width, along_height, along_width);
        for (int64_t channel = begin; channel < end; ++channel) {
            split.forward(channels.pixels + channel * channels.plane);
            for (size_t i = 0; i < radii.size(); ++i) {
                split.split(discs[i], channels.low_of(i, channel), channels.high_of(i, channel),
                            streaming);
            }
        }
        _mm_sfence();
    });
}

#endif

void run_fftw(const at::Tensor& x, const std::vector<double>& radii, Rule rule,
              const Channels& channels) {
    const auto plans = fftw_plans(x.size(-2), x.size(-1));
    std::vector<std::vector<int64_t>> discs;
    for (const double radius : radii) {
        discs.push_back(disc_widths(x.size(-2), x.size(-1), radius, rule));
    }
    parallel(x, channels, [&](int64_t begin, int64_t end) {
        FftwChannel transform(plans);
        for (int64_t channel = begin; channel < end; ++channel) {
            const auto* image = channels.pixels + channel * channels.plane;
            transform.forward(image);
            for (size_t i = 0; i < radii.size(); ++i) {
                const auto* low = transform.low(discs[i]);
                if (auto* out = channels.low_of(i, channel)) {
                    std::copy_n(low, channels.plane, out);
                }
                if (auto* out = channels.high_of(i, channel)) {
                    std::transform(image, image + channels.plane, low, out, std::minus<>());
                }
            }
        }
    });
}

}  // namespace

Parts split_fftw(const at::Tensor& x, const std::vector<double>& radii,
                 const SplitOptions& options) {
    Parts parts{outputs(options.low, x, radii.size()), outputs(options.high, x, radii.size())};
    run_fftw(x, radii, options.rule, Channels(x, parts));
    return parts;
}

Parts split_cpu(const at::Tensor& x, const std::vector<double>& radii,
                const SplitOptions& options) {
#ifdef __x86_64__
    if (SplitAvx2::supports(x.size(-2), x.size(-1))) {
        Parts parts{outputs(options.low, x, radii.size()), outputs(options.high, x, radii.size())};
        run_avx2(x, radii, options.rule, Channels(x, parts));
        return parts;
    }
#endif
    return split_fftw(x, radii, options);
}

}  // namespace hfc::frequency
