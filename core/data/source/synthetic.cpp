#include "data/source/synthetic.h"

#include "base/error.h"
#include "base/random.h"
#include "data/pixel_memory.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace hfc::data {
namespace {

/// Random numbers computed from integers, so that they are the same on every machine. (In
/// LibTorch's normal_, logarithms and cosines depend on the machine's vector unit, and each
/// standard library has its own distributions.)
class ClassDraws {
  public:
    ClassDraws(uint64_t seed, std::string_view purpose) : engine_(derive_seed(seed, purpose)) {}

    /// Uniform in [0,1).
    double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

    int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }

    /// Normal, mean 0 and variance 1: the sum of twelve uniform 16-bit numbers, four from each of
    /// three 64-bit ones.
    double normal() {
        uint64_t sum = 0;
        for (int i = 0; i < 3; ++i) {
            const uint64_t bits = engine_();
            sum +=
                (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
        }
        return (static_cast<double>(sum) - 6.0 * 65535.0) / 65536.0;
    }

  private:
    std::mt19937_64 engine_;
};

void require_number(const char* name, double value, double lowest, double highest) {
    require(value >= lowest && value <= highest,
            "'{}' of the data set 'synthetic' must be {} to {}, got {}", name, lowest, highest,
            value);
}

void require_count(const char* name, int64_t value, int64_t lowest, int64_t highest) {
    require(value >= lowest && value <= highest,
            "'{}' of the data set 'synthetic' must be {} to {}, got {}", name, lowest, highest,
            value);
}

void require_valid(const SyntheticOptions& options) {
    require_count("train", options.train, 1, 10'000'000);
    require_count("test", options.test, 1, 10'000'000);
    require_count("classes", options.classes, 1, 1000);
    require_count("size", options.size, 2, 1024);
    require_count("channels", options.channels, 1, 16);
    require_number("low", options.low, 0, 100);
    require_number("high", options.high, 0, 100);
    require_number("noise", options.noise, 0, 100);
    require_number("low_correlation", options.low_correlation, 0, 1);
    require_number("high_correlation", options.high_correlation, 0, 1);
    require_number("low_radius", options.low_radius, 1, 1024);
    const double farthest = std::sqrt(2.0) * static_cast<double>(options.size / 2);
    require(options.high_radius >= 0 && options.high_radius < farthest,
            "high_radius of the data set 'synthetic' must be >= 0 and below {:.2f} (the highest "
            "frequency in images {} pixels wide), got {}",
            farthest, options.size, options.high_radius);
    const auto bytes =
        (options.train + options.test) * options.channels * options.size * options.size;
    require(bytes <= int64_t{1} << 36,
            "{} images of {} x {} x {} for the data set 'synthetic' would need {:.0f} "
            "GB, expected at most 69 GB",
            options.train + options.test, options.channels, options.size, options.size,
            static_cast<double>(bytes) / 1e9);
}

/// One random field per class and channel, float64 [classes, channels, size, size]: white noise,
/// filtered with `mask` and scaled to unit variance. The zero frequency is left out, so that the
/// brightness of a pattern does not reveal its class.
at::Tensor make_patterns(const SyntheticOptions& options, std::string_view purpose,
                         const at::Tensor& mask) {
    ClassDraws draws(options.seed, purpose);
    auto fields =
        at::empty({options.classes, options.channels, options.size, options.size}, at::kDouble);
    std::generate_n(fields.mutable_data_ptr<double>(), fields.numel(),
                    [&] { return draws.normal(); });
    mask[0][0] = 0;
    fields = at::real(at::fft_ifft2(at::fft_fft2(fields) * mask));
    return (fields / fields.square().mean({2, 3}, /*keepdim=*/true).sqrt()).contiguous();
}

struct Patterns {
    at::Tensor low;
    at::Tensor high;
};

Patterns make_patterns(const SyntheticOptions& options) {
    const auto within = [&](double radius) {
        return frequency::radial_mask(options.size, options.size, radius);
    };
    return {make_patterns(options, "synthetic low patterns", within(options.low_radius)),
            make_patterns(options, "synthetic high patterns", 1 - within(options.high_radius))};
}

/// Maps [-1,1] to the range of a byte.
uint8_t to_byte(double value) {
    return static_cast<uint8_t>(std::clamp(127.5 * (1 + value), 0.0, 255.0) + 0.5);
}

Dataset make_part(const SyntheticOptions& options, const Patterns& patterns,
                  const std::string& part, int64_t count) {
    // The choice of the pattern and the noise use separate random numbers, so that an option of one
    // does not change the other.
    ClassDraws choices(options.seed, "synthetic choices " + part);
    ClassDraws noise(options.seed, "synthetic noise " + part);
    const auto choose = [&](int64_t label, double correlation) {
        const bool keep = choices.uniform() < correlation;
        const auto other = choices.below(options.classes);
        return keep ? label : other;
    };
    auto images = std::make_shared<Images>();
    images->name = "synthetic " + part;
    images->pixels = make_pixels({count, options.channels, options.size, options.size});
    images->labels = at::arange(count, at::kLong).remainder(options.classes);
    for (int64_t label = 0; label < options.classes; ++label) {
        images->class_names.push_back(fmt::format("class {}", label));
    }
    const auto values_an_image = options.channels * options.size * options.size;
    auto* pixel = images->pixels.mutable_data_ptr<uint8_t>();
    for (int64_t image = 0; image < count; ++image) {
        const auto label = image % options.classes;
        const auto* low = patterns.low.const_data_ptr<double>() +
                          choose(label, options.low_correlation) * values_an_image;
        const auto* high = patterns.high.const_data_ptr<double>() +
                           choose(label, options.high_correlation) * values_an_image;
        for (int64_t i = 0; i < values_an_image; ++i) {
            *pixel++ = to_byte(options.low * low[i] + options.high * high[i] +
                               options.noise * noise.normal());
        }
    }
    return Dataset(images);
}

}  // namespace

Pair synthetic(const SyntheticOptions& options) {
    require_valid(options);
    const auto patterns = make_patterns(options);
    return {make_part(options, patterns, "train", options.train),
            make_part(options, patterns, "test", options.test)};
}

}  // namespace hfc::data
