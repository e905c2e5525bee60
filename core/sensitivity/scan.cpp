#include "sensitivity/scan.h"

#include "base/error.h"
#include "base/images.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "model/metrics.h"
#include "model/share.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace hfc::sensitivity {
namespace {

/// The index of a frequency in an unshifted spectrum, and the index of its negative.
struct Frequency {
    int64_t row, column;
    int64_t other_row, other_column;
    bool single() const { return row == other_row && column == other_column; }
};

/// One frequency from each pair k, -k within `reach`.
std::vector<Frequency> frequencies_of(const data::Dataset& dataset, std::optional<int64_t> reach) {
    const auto height = dataset.height(), width = dataset.width();
    const auto near = [&](int64_t i, int64_t n) { return !reach || std::min(i, n - i) <= *reach; };
    std::vector<Frequency> result;
    for (int64_t row = 0; row < height; ++row) {
        for (int64_t column = 0; column < width; ++column) {
            const Frequency k{row, column, (height - row) % height, (width - column) % width};
            const bool first = std::pair(k.row, k.column) <= std::pair(k.other_row, k.other_column);
            if (first && near(row, height) && near(column, width)) {
                result.push_back(k);
            }
        }
    }
    return result;
}

/// 2 pi (row i / H + column j / W) of each pixel (i, j): float64 [H, W].
at::Tensor phase_of(int64_t height, int64_t width, int64_t row, int64_t column, at::Device device) {
    // Whole turns are removed in integer arithmetic, which is exact.
    const auto share = [&](int64_t n, int64_t k) {
        return at::arange(n, at::TensorOptions(device).dtype(at::kLong))
            .mul(k)
            .remainder(n)
            .to(at::kDouble)
            .div(n);
    };
    const auto rows = share(height, row), columns = share(width, column);
    return (rows.unsqueeze(1) + columns.unsqueeze(0)) * (2 * std::numbers::pi);
}

void check(const ScanOptions& options) {
    require(options.reach.value_or(0) >= 0, "'reach' must be >= 0 bins, got {}",
            options.reach.value_or(0));
}

/// The sign for each channel of each image: float32 [n, C, 1, 1]. It does not depend on the batch.
at::Tensor signs_of(const at::Tensor& samples, int64_t channels, uint64_t seed) {
    return uniform_float_by_sample(samples, channels, seed, "heat map signs")
        .lt(0.5)
        .to(at::kFloat)
        .mul_(2)
        .sub_(1)
        .unsqueeze(-1)
        .unsqueeze(-1);
}

/// Reports the progress over all batches and frequencies.
class Meter {
  public:
    Meter(const data::Dataset& dataset, const ScanOptions& options, size_t frequencies)
        : options_(options),
          total_(static_cast<double>(dataset.size()) * static_cast<double>(frequencies)) {}
    void add(int64_t images) {
        done_ += static_cast<double>(images);
        if (options_.after_batch) {
            options_.after_batch(done_ / total_);
        }
    }

  private:
    const ScanOptions& options_;
    double done_ = 0, total_;
};

/// A map with `values` [..., frequencies] at each frequency and its negative, and NaN elsewhere.
at::Tensor spread(const at::Tensor& values, const std::vector<Frequency>& frequencies,
                  const data::Dataset& dataset) {
    auto shape = values.sizes().vec();
    shape.back() = dataset.height();
    shape.push_back(dataset.width());
    auto map = at::full(shape, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
    for (size_t i = 0; i < frequencies.size(); ++i) {
        const auto& k = frequencies[i];
        const auto value = values.select(-1, static_cast<int64_t>(i));
        map.select(-2, k.row).select(-1, k.column).copy_(value);
        map.select(-2, k.other_row).select(-1, k.other_column).copy_(value);
    }
    return map;
}

/// Removes a frequency from images: with X(k) = a + b i, its part of an image is (a cosine - b
/// sine) * scale.
struct Wave {
    at::Tensor cosine, sine;  ///< float32 [H, W], multiplied by the scale

    Wave(const data::Dataset& dataset, const Frequency& k, at::Device device) {
        const auto phase = phase_of(dataset.height(), dataset.width(), k.row, k.column, device);
        const double scale =
            (k.single() ? 1.0 : 2.0) / static_cast<double>(dataset.height() * dataset.width());
        cosine = phase.cos().mul(scale).to(at::kFloat);
        sine = phase.sin().mul(scale).to(at::kFloat);
    }

    at::Tensor taken_from(const at::Tensor& images, const at::Tensor& coefficient) const {
        const auto parts = at::view_as_real(coefficient);
        const auto column = [&](int64_t i) {
            return parts.select(-1, i).unsqueeze(-1).unsqueeze(-1);
        };
        return at::addcmul(images, column(0), cosine, -1).addcmul_(column(1), sine);
    }
};

}  // namespace

at::Tensor basis_image(int64_t height, int64_t width, int64_t row, int64_t column,
                       at::Device device) {
    const auto wave = phase_of(height, width, row, column, device).cos();
    return (wave / wave.norm()).to(at::kFloat);
}

at::Tensor heat_map(model::Model& model, const data::Dataset& dataset,
                    const HeatMapOptions& options) {
    check(options.scan);
    require(std::isfinite(options.epsilon) && options.epsilon >= 0,
            "epsilon must be a finite number >= 0, got {}", options.epsilon);
    const at::NoGradGuard no_grad;
    model::Inference network(model, options.scan.inference);
    network.try_labelled(dataset);
    const auto frequencies = frequencies_of(dataset, options.scan.reach);
    const auto count = static_cast<int64_t>(frequencies.size());
    auto wrong = at::zeros({count}, at::TensorOptions(network.device()).dtype(at::kLong));
    Meter meter(dataset, options.scan, frequencies.size());
    auto& group = parallel::world();
    const auto measure = [&](int64_t begin, int64_t end, const data::Batch& batch) {
        const auto signs =
            signs_of(batch.samples, dataset.channels(), options.seed).to(network.device());
        const auto targets = batch.labels.to(network.device());
        // The noisy image is clipped, so a pixel outside [0,1] would change even without noise.
        require_unit_range(batch.images, fmt::format("'{}'", dataset.name()));
        for (int64_t i = 0; i < count; ++i) {
            check_interrupt();
            const auto& k = frequencies[i];
            const auto noise =
                basis_image(dataset.height(), dataset.width(), k.row, k.column, network.device())
                    .mul_(options.epsilon);
            const auto noisy = at::addcmul(batch.images, signs, noise).clamp_(0, 1);
            wrong[i].add_(network.logits(noisy).argmax(1).ne(targets).sum());
            meter.add(end - begin);
        }
    };
    network.each_whole_batch(dataset, measure, model::share_of(group));
    network.require_finite();
    group.all_reduce(wrong, parallel::Reduction::sum);
    return spread(wrong.cpu().to(at::kDouble) / dataset.size(), frequencies, dataset);
}

at::Tensor dominant(model::Model& model, const data::Dataset& dataset, const ScanOptions& options) {
    check(options);
    const at::NoGradGuard no_grad;
    model::Inference network(model, options.inference);
    network.try_labelled(dataset);
    const auto frequencies = frequencies_of(dataset, options.reach);
    const auto count = static_cast<int64_t>(frequencies.size());
    auto rises = at::zeros({dataset.classes(), count},
                           at::TensorOptions(network.device()).dtype(at::kDouble));
    // The processes share the frequencies rather than the images, because the order in which images
    // are summed must not change.
    auto& group = parallel::world();
    Meter meter(dataset, options, frequencies.size());
    network.each_batch(dataset, [&](int64_t begin, int64_t end, const at::Tensor& images) {
        const auto labels = dataset.labels().slice(0, begin, end).to(network.device());
        const auto transforms = at::fft_fft2(images.contiguous());
        const auto clean = model::cross_entropies(network.logits(images), labels);
        for (int64_t i = group.rank(); i < count; i += group.size()) {
            check_interrupt();
            const auto& k = frequencies[i];
            const Wave wave(dataset, k, network.device());
            const auto without =
                wave.taken_from(images, transforms.select(-2, k.row).select(-1, k.column));
            const auto rise = model::cross_entropies(network.logits(without), labels) - clean;
            rises.select(1, i).index_add_(0, labels, rise.to(at::kDouble));
            meter.add(end - begin);
        }
    });
    network.require_finite();
    group.all_reduce(rises, parallel::Reduction::sum);
    const auto images =
        at::bincount(dataset.labels(), {}, dataset.classes()).to(at::kDouble).unsqueeze(1);
    return spread(rises.cpu() / images, frequencies,
                  dataset);  // 0 / 0 is NaN for a class without images
}

}  // namespace hfc::sensitivity
