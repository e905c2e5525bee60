#include "mask/learner.h"

#include "mask/half.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace hfc::mask {

at::Tensor transform_of(const at::Tensor& images) {
    return at::fft_rfft2(images.contiguous());
}

Learner::Learner(int64_t count, int64_t channels, int64_t height, int64_t width, at::Device device)
    : height_(height),
      width_(width),
      half_(at::ones({count, channels, height, width / 2 + 1},
                     at::TensorOptions(device).dtype(at::kFloat))),
      mean_(at::zeros_like(half_)),
      square_(at::zeros_like(half_)) {}

at::Tensor Learner::through(const at::Tensor& transforms) const {
    return at::fft_irfft2(transforms * half_, {{height_, width_}});
}

at::Tensor Learner::gradient(const at::Tensor& transforms,
                             const at::Tensor& image_gradients) const {
    auto product = real_product(transforms, transform_of(image_gradients));
    if (half_.size(1) == 1) {
        product = product.sum(1, /*keepdim=*/true);
    }
    if (half_.size(0) == 1) {
        product = product.sum(0, /*keepdim=*/true);
    }
    return symmetrise_half(product / (height_ * width_), width_);
}

void Learner::step(const at::Tensor& transforms, const at::Tensor& image_gradients, double lambda,
                   double lr, double beta1) {
    constexpr double beta2 = 0.999, epsilon = 1e-8;
    auto slope = gradient(transforms, image_gradients);
    slope.add_(half_.sign(), lambda / static_cast<double>(half_.size(1) * height_ * width_));
    ++steps_;
    // As PyTorch has it where a schedule moves beta1: the present one to the power of the steps.
    const double correction1 = 1 - std::pow(beta1, steps_),
                 correction2 = 1 - std::pow(beta2, steps_);
    mean_.lerp_(slope, 1 - beta1);
    square_.mul_(beta2).addcmul_(slope, slope, 1 - beta2);
    const auto size = (square_ / correction2).sqrt_().add_(epsilon);
    half_.addcdiv_(mean_, size, -lr / correction1).clamp_(0, 1);
}

at::Tensor Learner::l1() const {
    const auto counts = column_counts(width_, half_.options().dtype(at::kDouble));
    return half_.to(at::kDouble)
        .mul_(counts)
        .sum({1, 2, 3})
        .div_(half_.size(1) * height_ * width_)
        .cpu();
}

void Learner::keep(const at::Tensor& rows) {
    for (auto* tensor : {&half_, &mean_, &square_}) {
        *tensor = tensor->index_select(0, rows.to(half_.device()));
    }
}

at::Tensor Learner::masks() const {
    return full_of(half_, width_).cpu();
}

OneCycle::OneCycle(double max_lr, int64_t steps, double rising)
    : max_(max_lr),
      rising_end_(rising * static_cast<double>(steps) - 1),
      end_(static_cast<double>(steps) - 1) {}

OneCycle::Setting OneCycle::at(int64_t step) const {
    constexpr double division = 25, final_division = 1e4, least_beta1 = 0.85, most_beta1 = 0.95;
    const auto between = [](double from, double to, double share) {
        return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
    };
    const auto now = static_cast<double>(step);
    if (now <= rising_end_) {
        const double share = rising_end_ > 0 ? now / rising_end_ : 1;
        return {between(max_ / division, max_, share), between(most_beta1, least_beta1, share)};
    }
    const double share = (now - rising_end_) / (end_ - rising_end_);
    return {between(max_, max_ / division / final_division, share),
            between(least_beta1, most_beta1, share)};
}

}  // namespace hfc::mask
