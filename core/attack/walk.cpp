#include "attack/walk.h"

#include "base/error.h"
#include "base/random.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace hfc::attack {
namespace {

/// Above the rounding of a float32 norm and of scaling by it, so that a perturbation scaled to
/// epsilon is within epsilon.
constexpr double rounding = 1e-6;

/// As PGDL2 of torchattacks: keeps a zero gradient from being divided by zero.
constexpr double least_norm = 1e-10;

at::Tensor one_an_image(const at::Tensor& values) {
    return values.view({-1, 1, 1, 1});
}

/// One number an image: float64 [N].
at::Tensor norm_of(const at::Tensor& perturbation, Norm norm) {
    const auto order = norm == Norm::l2 ? 2.0 : std::numeric_limits<double>::infinity();
    return at::linalg_vector_norm(perturbation.to(at::kDouble), order, at::IntArrayRef{1, 2, 3});
}

at::Tensor l2_norm(const at::Tensor& x) {
    return at::linalg_vector_norm(x, 2, at::IntArrayRef{1, 2, 3}, /*keepdim=*/true);
}

/// In an order that depends on the length alone; eight sums do not wait for one another.
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

/// Scales each row of float32 [N, n] to the L2 norm that `lengths` (float64 [N, 1]) gives. Row by
/// row: a reduction of ATen's may group the sum by the number of rows and threads.
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
                static_cast<float>(length[i] / std::max(std::sqrt(squares), least_norm));
            std::ranges::for_each(row, [&](float& value) { value *= factor; });
        }
    });
}

}  // namespace

at::Tensor confine(const Band& band, const at::Tensor& perturbation) {
    if (!band.mask.defined()) {
        const auto filtered = band.part == data::Part::low
                                  ? frequency::low_pass(perturbation, band.radius, band.rule)
                                  : frequency::high_pass(perturbation, band.radius, band.rule);
        return filtered.contiguous(perturbation.suggest_memory_format());
    }
    const auto spectrum = at::fft_fft2(perturbation.contiguous());
    const auto filtered = at::real(at::fft_ifft2(spectrum * band.mask.to(perturbation.options())));
    return filtered.contiguous(perturbation.suggest_memory_format());
}

at::Tensor random_perturbation(const at::Tensor& images, const at::Tensor& samples,
                               const Settings& settings, int64_t restart) {
    const auto count = images.size(0);
    const auto values = count == 0 ? 0 : images.numel() / count;
    const auto purpose = fmt::format("attack {} restart {}", settings.method, restart);
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

at::Tensor sizes_of(const at::Tensor& place, const at::Tensor& images, Norm norm) {
    return norm_of(place.to(at::kDouble) - images.to(at::kDouble), norm);
}

Walk::Walk(const Settings& settings, const at::Tensor& images, const at::Tensor& epsilons,
           const at::Tensor& alphas, const at::Tensor& start)
    : settings_(settings),
      images_(images),
      epsilons_(epsilons.to(images.device())),
      alphas_(one_an_image(alphas.to(images.device(), at::kFloat))),
      place_(images) {
    set_bounds();
    if (start.defined()) {
        place_ = project(images_ + one_an_image(epsilons_).to(at::kFloat) * start);
    }
}

void Walk::set_bounds() {
    if (settings_.norm == Norm::l2) {
        lower_ = at::zeros({}, images_.options());
        upper_ = at::ones({}, images_.options());
        return;
    }
    // Rounding x + epsilon to float32 can end beyond epsilon by half a unit in the last place; the
    // next number inside is taken then.
    const auto exact = images_.to(at::kDouble);
    const auto inside = [&](const at::Tensor& bound) {
        const auto rounded = bound.to(at::kFloat);
        const auto beyond = rounded.to(at::kDouble).sub(exact).abs().gt(bound.sub(exact).abs());
        return at::where(beyond, at::nextafter(rounded, images_), rounded);
    };
    const auto epsilon = one_an_image(epsilons_);
    lower_ = inside(exact.sub(epsilon).clamp_min(0));
    upper_ = inside(exact.add(epsilon).clamp_max(1));
}

at::Tensor Walk::direction(const at::Tensor& gradient) {
    auto along = settings_.band ? confine(*settings_.band, gradient) : gradient;
    if (settings_.norm == Norm::l2) {
        return along / (l2_norm(along) + least_norm);
    }
    if (settings_.momentum) {
        // A gradient of zeros adds nothing, where torchattacks divides zero by zero.
        along = along / along.abs()
                            .mean({1, 2, 3}, /*keepdim=*/true)
                            .clamp_min(std::numeric_limits<float>::min());
        momentum_ = momentum_.defined() ? along + momentum_ * settings_.decay : along;
        along = momentum_;
    }
    return along.sign();
}

at::Tensor Walk::project(const at::Tensor& place) const {
    if (settings_.norm == Norm::l_infinity && !settings_.band) {
        return at::clamp(place, lower_, upper_);
    }
    auto perturbation = place - images_;
    if (settings_.band) {
        perturbation = confine(*settings_.band, perturbation);
    }
    const auto size =
        norm_of(perturbation, settings_.norm).clamp_min(std::numeric_limits<float>::min());
    const auto factor =
        at::where(size.gt(epsilons_), epsilons_ / size * (1 - rounding), at::ones_like(size));
    return at::clamp(images_ + perturbation * one_an_image(factor).to(at::kFloat), lower_, upper_);
}

void Walk::step(const at::Tensor& gradient) {
    place_ = project(place_ + alphas_ * direction(gradient));
}

void Walk::keep(const at::Tensor& positions) {
    for (auto* tensor : {&images_, &epsilons_, &alphas_, &lower_, &upper_, &place_, &momentum_}) {
        if (tensor->defined() && tensor->dim() > 0) {
            *tensor = tensor->index_select(0, positions);
        }
    }
    // Selecting rows keeps the layout on the CPU; asked for again because the passes are slower
    // without it.
    place_ = place_.contiguous(images_.suggest_memory_format());
}

}  // namespace hfc::attack
