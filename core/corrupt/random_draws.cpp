#include "corrupt/random_draws.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace hfc::corrupt {
namespace {

/// P(X <= k) for the Poisson distribution and k = 0, 1, ..., until it is 1.
std::vector<double> poisson_steps(double mean) {
    std::vector<double> steps;
    const double log_mean = std::log(mean);
    double sum = 0;
    for (double k = 0; k < mean || sum < 1 - 1e-15; ++k) {
        const double share = std::exp(k * log_mean - mean - std::lgamma(k + 1));
        sum += share;
        steps.push_back(sum);
        if (k > mean && share < 1e-18) {
            break;
        }
    }
    return steps;
}

/// Returns poisson_steps(byte / 255 * scale), or an empty list for byte 0. The steps of the last
/// scale are kept for the next image.
const std::vector<double>& steps_of(uint8_t byte, double scale) {
    static thread_local std::array<std::vector<double>, 256> kept;
    static thread_local double scale_of_kept = 0;
    if (scale != scale_of_kept) {
        kept.fill({});
        scale_of_kept = scale;
    }
    auto& steps = kept[byte];
    if (steps.empty() && byte > 0) {
        steps = poisson_steps(byte / 255. * scale);
    }
    return steps;
}

}  // namespace

RandomDraws::RandomDraws(at::Tensor sample, uint64_t seed, std::string purpose)
    : sample_(std::move(sample)), seed_(seed), purpose_(std::move(purpose)) {}

std::string RandomDraws::next_purpose() {
    return fmt::format("{} draw {}", purpose_, asked_++);
}

std::vector<double> RandomDraws::uniform(int64_t count, double low, double high) {
    const auto drawn = uniform_by_sample(sample_, count, seed_, next_purpose());
    const auto* values = drawn.const_data_ptr<double>();
    std::vector<double> result(values, values + count);
    for (double& value : result) {
        value = low + (high - low) * value;
    }
    return result;
}

std::vector<double> RandomDraws::normal(int64_t count, double mean, double deviation) {
    const auto drawn = normal_by_sample(sample_, count, seed_, next_purpose());
    const auto* values = drawn.const_data_ptr<float>();
    std::vector<double> result(values, values + count);
    for (double& value : result) {
        value = mean + deviation * value;
    }
    return result;
}

std::vector<int64_t> RandomDraws::integers(int64_t count, int64_t low, int64_t high) {
    const auto drawn = uniform_float_by_sample(sample_, count, seed_, next_purpose());
    const auto* values = drawn.const_data_ptr<float>();
    std::vector<int64_t> result;
    result.reserve(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) {
        result.push_back(low + static_cast<int64_t>(values[i] * static_cast<float>(high - low)));
    }
    return result;
}

std::vector<double> RandomDraws::poisson(const Bytes& bytes, double scale) {
    // By inversion, which is fast because an image has at most 256 different means.
    const auto draws = uniform(static_cast<int64_t>(bytes.values.size()), 0, 1);
    std::vector<double> result;
    result.reserve(draws.size());
    for (size_t i = 0; i < draws.size(); ++i) {
        const auto& below = steps_of(bytes.values[i], scale);
        result.push_back(
            static_cast<double>(std::ranges::upper_bound(below, draws[i]) - below.begin()));
    }
    return result;
}

}  // namespace hfc::corrupt
