#include "decompose/decompose.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "decompose/spectrum.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::decompose {
namespace {

std::string shape_of(const at::Tensor& x) {
    return fmt::format("[{}]", fmt::join(x.sizes(), ", "));
}

/// Checks x and returns it as contiguous float32 [channels, H, W].
at::Tensor planes_of(const at::Tensor& x) {
    require(x.defined(), "x must be a float32 tensor [..., H, W], got an undefined tensor");
    require(x.scalar_type() == at::kFloat, "x must be of dtype float32, got {}{}",
            dtype_name(x.scalar_type()), x.scalar_type() == at::kFloat ? "" : plane_advice(x));
    if (has_channels_last(x) && x.size(3) > 1) {
        fail("x must be [..., H, W], got images [N, H, W, C] of shape {}{}", shape_of(x),
             plane_advice(x));
    }
    require(x.dim() >= 2 && x.size(-1) > 0 && x.size(-2) > 0,
            "x must have at least two dimensions [..., H, W] with at least one pixel, got shape {}",
            shape_of(x));
    require(x.isfinite().all().item<bool>(), "x must contain only finite numbers");
    return x.detach().contiguous().reshape({-1, x.size(-2), x.size(-1)});
}

void require_share(double share) {
    require(share >= 0 && share <= 1, "a fraction of the energy must be in [0,1], got {}", share);
}

Parts run(const at::Tensor& x, const at::Tensor& planes, size_t count, const Chooser& choose) {
    const at::NoGradGuard no_grad;
    Parts parts;
    if (planes.size(0) == 0) {
        for (size_t i = 0; i < count; ++i) {
            parts.low.push_back(at::empty_like(planes));
            parts.high.push_back(at::empty_like(planes));
        }
    } else {
        parts = planes.is_cpu() ? split_planes(planes, count, choose)
                                : split_planes_torch(planes, count, choose);
    }
    for (auto* side : {&parts.low, &parts.high}) {
        for (auto& part : *side) {
            part = part.reshape(x.sizes());
        }
    }
    return parts;
}

}  // namespace

Parts split(const at::Tensor& x, const std::vector<int64_t>& ranks) {
    const auto planes = planes_of(x);
    const auto most = std::min(x.size(-1), x.size(-2));
    require(!ranks.empty(), "expected at least one rank, got none");
    for (const auto rank : ranks) {
        require(rank >= 0 && rank <= most,
                "a rank must be between 0 and {} (the shorter side of an image of {} x {} pixels), "
                "got {}",
                most, x.size(-2), x.size(-1), rank);
    }
    return run(x, planes, ranks.size(), [&](int64_t, const std::vector<double>&) { return ranks; });
}

Parts split_by_energy(const at::Tensor& x, const std::vector<double>& shares) {
    const auto planes = planes_of(x);
    require(!shares.empty(), "expected at least one fraction of the energy, got none");
    std::ranges::for_each(shares, [&](double share) { require_share(share); });
    return run(x, planes, shares.size(), [&](int64_t, const std::vector<double>& energies) {
        std::vector<int64_t> ranks;
        for (const double share : shares) {
            ranks.push_back(rank_for(energies, share));
        }
        return ranks;
    });
}

Parts split_by_energy(const at::Tensor& x, const at::Tensor& shares) {
    const auto planes = planes_of(x);
    const auto leading = x.sizes().slice(0, x.dim() - 2);
    require(shares.defined() && shares.sizes() == leading,
            "the fractions of the energy must have shape [{}] (one per channel), got {}",
            fmt::join(leading, ", "), shares.defined() ? shape_of(shares) : "nothing");
    const auto given = shares.detach().to(at::kCPU, at::kDouble).contiguous();
    const auto* const values = given.const_data_ptr<double>();
    std::for_each_n(values, given.numel(), [&](double share) { require_share(share); });
    return run(x, planes, 1, [&](int64_t channel, const std::vector<double>& energies) {
        return std::vector<int64_t>{rank_for(energies, values[channel])};
    });
}

at::Tensor singular_values(const at::Tensor& x) {
    const auto planes = planes_of(x);
    auto shape = x.sizes().slice(0, x.dim() - 2).vec();
    shape.push_back(std::min(x.size(-1), x.size(-2)));
    return planes.size(0) == 0 ? at::empty(shape, at::kDouble)
                               : energies_of(planes).sqrt().reshape(shape);
}

at::Tensor rank_of_energy(const at::Tensor& x, double share) {
    require_share(share);
    const auto energies = singular_values(x).square();
    auto ranks = at::empty(x.sizes().slice(0, x.dim() - 2), at::kLong);
    const auto n = energies.size(-1);
    for (int64_t channel = 0; channel < ranks.numel(); ++channel) {
        const auto* const row = energies.const_data_ptr<double>() + channel * n;
        ranks.mutable_data_ptr<int64_t>()[channel] = rank_for({row, row + n}, share);
    }
    return ranks;
}

at::Tensor energy_of_radius(const at::Tensor& x, double radius, frequency::Rule rule) {
    planes_of(x);
    const auto energy = [](const at::Tensor& part) {
        return part.detach().to(at::kDouble).square().sum(at::IntArrayRef{-2, -1});
    };
    const auto low = energy(frequency::low_pass(x.detach(), radius, rule));
    const auto whole = energy(x);
    // Due to rounding, the low part of an image without high frequencies can have slightly more
    // energy.
    return at::where(whole.gt(0), low / whole, at::ones_like(whole)).clamp_max(1);
}

double radius_of_energy(const at::Tensor& x, double share) {
    const auto planes = planes_of(x);
    require_share(share);
    const auto height = planes.size(1);
    const auto width = planes.size(2);
    const auto energies = at::fft_fft2(planes).abs().to(at::kDouble).square().sum(0).cpu();
    // Squared distances from the zero frequency are integers: one bin for each.
    const auto distances = [](int64_t n) {
        const auto index = at::arange(n, at::kLong);
        return at::minimum(index, n - index).square();
    };
    const auto squares = (distances(height).unsqueeze(1) + distances(width).unsqueeze(0)).flatten();
    const auto within = at::bincount(squares, energies.flatten()).cumsum(0);
    const auto enough = within.ge(within[-1] * std::min(share, 1 - 1e-12)).nonzero();
    return std::sqrt(static_cast<double>(enough[0].item<int64_t>()));
}

int64_t coefficients_of_radius(int64_t height, int64_t width, double radius, frequency::Rule rule) {
    return frequency::radial_mask(height, width, radius, rule).sum().item<int64_t>();
}

int64_t coefficients_of_rank(int64_t height, int64_t width, int64_t rank) {
    return rank * (height + width - rank);
}

int64_t rank_of_radius(int64_t height, int64_t width, double radius, frequency::Rule rule) {
    const auto wanted = coefficients_of_radius(height, width, radius, rule);
    int64_t best = 0;
    for (int64_t rank = 1; rank <= std::min(height, width); ++rank) {
        const auto distance = [&](int64_t of) {
            return std::abs(coefficients_of_rank(height, width, of) - wanted);
        };
        best = distance(rank) < distance(best) ? rank : best;
    }
    return best;
}

Equal parse_equal(std::string_view text) {
    if (text == "energy") {
        return Equal::energy;
    }
    require(text == "coefficients", "'equal' must be \"energy\" or \"coefficients\", got \"{}\"",
            text);
    return Equal::coefficients;
}

Parts split_like_radius(const at::Tensor& x, double radius, Equal equal, frequency::Rule rule) {
    if (equal == Equal::energy) {
        return split_by_energy(x, energy_of_radius(x, radius, rule));
    }
    planes_of(x);
    return split(x, std::vector<int64_t>{rank_of_radius(x.size(-2), x.size(-1), radius, rule)});
}

}  // namespace hfc::decompose
