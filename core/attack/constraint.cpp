#include "attack/constraint.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace hfc::attack {
namespace {

/// Larger than the rounding error of a float32 norm and of scaling by it, so that a perturbation
/// scaled to epsilon is within epsilon.
constexpr double rounding = 1e-6;

/// One number per image, float64 [N].
at::Tensor norm_of(const at::Tensor& perturbation, Norm norm) {
    const auto order = norm == Norm::l2 ? 2.0 : std::numeric_limits<double>::infinity();
    return at::linalg_vector_norm(perturbation.to(at::kDouble), order, at::IntArrayRef{1, 2, 3});
}

/// The projection [size, size] onto the lowest coefficients of the orthonormal DCT-II.
at::Tensor low_dct(int64_t size, double fraction, const at::TensorOptions& options) {
    const auto kept = std::max<int64_t>(1, std::llround(fraction * static_cast<double>(size)));
    const auto frequency = at::arange(kept, at::kDouble).unsqueeze(1);
    const auto position = at::arange(size, at::kDouble).add(0.5).mul(std::numbers::pi / size);
    auto basis = (frequency * position).cos().mul(std::sqrt(2.0 / static_cast<double>(size)));
    basis[0] /= std::numbers::sqrt2;
    return basis.t().matmul(basis).to(options.memory_format(std::nullopt));
}

}  // namespace

at::Tensor confine(const Band& band, const at::Tensor& perturbation) {
    if (band.dct > 0) {
        const auto along = [&](int64_t size) {
            return low_dct(size, band.dct, perturbation.options());
        };
        const auto rows = along(perturbation.size(2));
        return at::matmul(at::matmul(rows, perturbation.contiguous()), along(perturbation.size(3)))
            .contiguous(perturbation.suggest_memory_format());
    }
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

at::Tensor sizes_of(const at::Tensor& perturbed, const at::Tensor& images, Norm norm) {
    return norm_of(perturbed.to(at::kDouble) - images.to(at::kDouble), norm);
}

at::Tensor round_inside(const at::Tensor& perturbed, const at::Tensor& images, double epsilon,
                        Norm norm) {
    if (norm == Norm::l_infinity) {
        return perturbed;  // the bounds of each pixel are exact
    }
    const auto beyond = sizes_of(perturbed, images, norm).gt(epsilon);
    return at::where(beside_images(beyond), at::nextafter(perturbed, images), perturbed);
}

at::Tensor l2_norm(const at::Tensor& images) {
    return at::linalg_vector_norm(images, 2, at::IntArrayRef{1, 2, 3}, /*keepdim=*/true);
}

at::Tensor beside_images(const at::Tensor& values) {
    return values.view({-1, 1, 1, 1});
}

Constraint::Constraint(const Settings& settings, const at::Tensor& images,
                       const at::Tensor& epsilons)
    : settings_(settings), images_(images), epsilons_(epsilons.to(images.device())) {
    set_bounds();
}

at::Tensor Constraint::float_epsilons() const {
    return beside_images(epsilons_).to(at::kFloat);
}

void Constraint::set_bounds() {
    // As float32, because require_batch() compares the pixels with these bounds.
    const auto lowest = static_cast<float>(settings_.range.lowest);
    const auto highest = static_cast<float>(settings_.range.highest);
    if (settings_.norm == Norm::l2) {
        lower_ = at::full({}, lowest, images_.options());
        upper_ = at::full({}, highest, images_.options());
        return;
    }
    // Rounding x + epsilon to float32 can exceed epsilon by half a unit in the last place. In that
    // case, the next number inside is used.
    const auto exact = images_.to(at::kDouble);
    const auto inside = [&](const at::Tensor& bound) {
        const auto rounded = bound.to(at::kFloat);
        const auto beyond = rounded.to(at::kDouble).sub(exact).abs().gt(bound.sub(exact).abs());
        return at::where(beyond, at::nextafter(rounded, images_), rounded);
    };
    const auto epsilon = beside_images(epsilons_);
    lower_ = inside(exact.sub(epsilon).clamp_min(lowest));
    upper_ = inside(exact.add(epsilon).clamp_max(highest));
}

at::Tensor Constraint::confine_gradient(const at::Tensor& gradient) const {
    return settings_.band ? confine(*settings_.band, gradient) : gradient;
}

at::Tensor Constraint::project(const at::Tensor& perturbed) const {
    if (settings_.norm == Norm::l_infinity && !settings_.band) {
        return at::clamp(perturbed, lower_, upper_);
    }
    auto perturbation = perturbed - images_;
    if (settings_.band) {
        perturbation = confine(*settings_.band, perturbation);
    }
    const auto size =
        norm_of(perturbation, settings_.norm).clamp_min(std::numeric_limits<float>::min());
    const auto factor =
        at::where(size.gt(epsilons_), epsilons_ / size * (1 - rounding), at::ones_like(size));
    return at::clamp(images_ + perturbation * beside_images(factor).to(at::kFloat), lower_, upper_);
}

void Constraint::keep(const at::Tensor& rows) {
    for (auto* tensor : {&images_, &epsilons_, &lower_, &upper_}) {
        if (tensor->dim() > 0) {
            *tensor = tensor->index_select(0, rows);
        }
    }
}

}  // namespace hfc::attack
