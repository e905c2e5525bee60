#include "attack/random_start.h"

#include "attack/method.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace hfc::attack {
namespace {

/// Prevents the division of a zero perturbation by zero.
constexpr double least_length = 1e-10;

/// The order of the additions depends only on the length. The eight partial sums are independent,
/// so that their additions can overlap.
double sum_of_squares(std::span<const float> values) {
    std::array<double, 8> sums = {};
    size_t i = 0;
    for (; i + sums.size() <= values.size(); i += sums.size()) {
        for (size_t j = 0; j < sums.size(); ++j) {
            const double value = values[i + j];
            sums[j] += value * value;
        }
    }
    for (; i < values.size(); ++i) {
        const double value = values[i];
        sums[0] += value * value;
    }
    return std::accumulate(sums.begin(), sums.end(), 0.0);
}

/// Scales each row of float32 [N, n] to the L2 norm in `lengths` (float64 [N, 1]). The rows are
/// summed one by one, because ATen may group a reduction by the number of rows and threads.
void scale_rows(const at::Tensor& rows, const at::Tensor& lengths) {
    const auto size = rows.size(1);
    auto* values = rows.mutable_data_ptr<float>();
    const auto* length = lengths.const_data_ptr<double>();
    const auto grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, size));
    at::parallel_for(0, rows.size(0), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const std::span row(values + i * size, static_cast<size_t>(size));
            const double squares = sum_of_squares(row);
            const auto factor =
                static_cast<float>(length[i] / std::max(std::sqrt(squares), least_length));
            std::ranges::for_each(row, [&](float& value) { value *= factor; });
        }
    });
}

}  // namespace

std::string random_purpose(const Settings& settings, int64_t restart) {
    return fmt::format("attack {} restart {}", settings.method->name, restart);
}

at::Tensor random_perturbation(const at::Tensor& images, const at::Tensor& samples,
                               const Settings& settings, int64_t restart) {
    const auto count = images.size(0);
    const auto values = count == 0 ? 0 : images.numel() / count;
    const auto purpose = random_purpose(settings, restart);
    at::Tensor start;
    if (settings.norm == Norm::l_infinity) {
        start = uniform_float_by_sample(samples, values, settings.seed, purpose).mul_(2).sub_(1);
    } else {
        start = normal_by_sample(samples, values, settings.seed, purpose);
        const auto lengths = uniform_by_sample(samples, 1, settings.seed, purpose + " length");
        scale_rows(start, lengths);
    }
    return start.view(images.sizes())
        .to(images.device())
        .contiguous(images.suggest_memory_format());
}

}  // namespace hfc::attack
