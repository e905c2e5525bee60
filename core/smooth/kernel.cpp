#include "base/dtype_name.h"
#include "base/error.h"
#include "smooth/smooth.h"

#include <ATen/ATen.h>

#include <cmath>

namespace hfc::smooth {
namespace {

void require_kernel(const at::Tensor& kernel) {
    require(kernel.defined() && kernel.dim() >= 2 && at::isFloatingType(kernel.scalar_type()) &&
                kernel.size(-1) > 0 && kernel.size(-2) > 0,
            "kernel must be a floating-point tensor [..., height, width], got {}",
            kernel.defined() ? fmt::format("{} [{}]", dtype_name(kernel.scalar_type()),
                                           fmt::join(kernel.sizes(), ", "))
                             : "nothing");
}

/// The kernel, with its borders replicated, convolved with a symmetric filter [height, width] of
/// odd sizes. Uses double precision, which costs little because this is done only once.
at::Tensor filter(const at::Tensor& kernel, const at::Tensor& weights) {
    if (kernel.numel() == 0) {
        return kernel.detach().clone();
    }
    const auto down = weights.size(0) / 2;
    const auto across = weights.size(1) / 2;
    const auto planes =
        kernel.detach().to(at::kDouble).reshape({-1, 1, kernel.size(-2), kernel.size(-1)});
    const auto padded = at::replication_pad2d(planes, {across, across, down, down});
    const auto filtered = at::conv2d(
        padded, weights.to(kernel.device()).reshape({1, 1, weights.size(0), weights.size(1)}));
    return filtered.reshape(kernel.sizes()).to(kernel.scalar_type());
}

}  // namespace

at::Tensor smooth_kernel(const at::Tensor& kernel, double rho) {
    require_kernel(kernel);
    require(std::isfinite(rho) && rho >= 0, "rho must be a finite number >= 0, got {}", rho);
    auto weights = at::full({3, 3}, rho, at::kDouble);
    weights[1][1].fill_(1);
    return filter(kernel, weights);
}

at::Tensor gaussian_kernel(const at::Tensor& kernel, double sigma, int64_t size) {
    require_kernel(kernel);
    require(std::isfinite(sigma) && sigma > 0 && sigma <= 1000,
            "sigma must be a number above 0 and at most 1000, got {}", sigma);
    require(
        size == 0 || (size > 0 && size % 2 == 1 && size <= 10001),
        "the Gaussian's size must be odd and at most 10001, or 0 to derive it from sigma, got {}",
        size);
    const auto count = size > 0 ? size : 2 * static_cast<int64_t>(std::lround(4 * sigma)) + 1;
    const auto distance = at::arange(count, at::kDouble) - static_cast<double>(count / 2);
    const auto bell = at::exp(distance.square() / (-2 * sigma * sigma));
    const auto weights = bell / bell.sum();
    return filter(filter(kernel, weights.unsqueeze(0)), weights.unsqueeze(1));
}

at::Tensor roughness(const at::Tensor& kernel, bool relative) {
    require_kernel(kernel);
    const auto values = kernel.detach().to(at::kDouble);
    const auto energy = [](const at::Tensor& x) { return x.square().sum(at::IntArrayRef{-2, -1}); };
    const auto differences = energy(values.diff(1, -1)) + energy(values.diff(1, -2));
    if (!relative) {
        return differences;
    }
    const auto whole = energy(values);
    return at::where(whole.gt(0), differences / whole, at::zeros_like(whole));
}

at::Tensor frequency_response(const at::Tensor& kernel, int64_t size) {
    require_kernel(kernel);
    require(size >= kernel.size(-1) && size >= kernel.size(-2) && size <= 65536,
            "size must be at least the kernel's size ({} x {}) and at most 65536, got {}",
            kernel.size(-2), kernel.size(-1), size);
    return at::fft_fft2(kernel.detach().to(at::kDouble), at::IntArrayRef{size, size}).abs();
}

}  // namespace hfc::smooth
