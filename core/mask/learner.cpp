#include "mask/learner.h"

#include "frequency/half.h"

#include <ATen/ATen.h>

namespace hfc::mask {

Learner::Learner(int64_t count, int64_t channels, int64_t height, int64_t width, at::Device device)
    : height_(height),
      width_(width),
      half_(at::ones({count, channels, height, width / 2 + 1},
                     at::TensorOptions(device).dtype(at::kFloat))),
      adam_(optim::make_optimizer({half_}, optim::default_options("adam"))) {}

at::Tensor Learner::through(const at::Tensor& transforms) const {
    return at::fft_irfft2(transforms * half_, {{height_, width_}});
}

at::Tensor Learner::gradient(const at::Tensor& transforms,
                             const at::Tensor& image_gradients) const {
    auto product = frequency::real_product(transforms, frequency::half_transform(image_gradients));
    if (half_.size(1) == 1) {
        product = product.sum(1, /*keepdim=*/true);
    }
    if (half_.size(0) == 1) {
        product = product.sum(0, /*keepdim=*/true);
    }
    return frequency::symmetrise_half(product / (height_ * width_), width_);
}

void Learner::step(const at::Tensor& transforms, const at::Tensor& image_gradients, double lambda,
                   double lr, double beta1) {
    auto slope = gradient(transforms, image_gradients);
    slope.add_(half_.sign(), lambda / static_cast<double>(half_.size(1) * height_ * width_));
    half_.mutable_grad() = slope;
    auto& options = adam_->groups().front().options;
    options.lr = lr;
    options.beta1 = beta1;
    adam_->step();
    half_.clamp_(0, 1);
}

at::Tensor Learner::l1() const {
    const auto counts = frequency::column_counts(width_, half_.options().dtype(at::kDouble));
    return half_.to(at::kDouble)
        .mul_(counts)
        .sum({1, 2, 3})
        .div_(half_.size(1) * height_ * width_)
        .cpu();
}

void Learner::keep(const at::Tensor& rows) {
    const auto here = rows.to(half_.device());
    half_ = half_.index_select(0, here);
    adam_->groups().front().parameters = {half_};
    for (auto& [name, tensor] : adam_->states().front()) {
        if (!optim::is_state_number(name)) {
            tensor = tensor.index_select(0, here);
        }
    }
}

at::Tensor Learner::masks() const {
    return frequency::full_of(half_, width_).cpu();
}

}  // namespace hfc::mask
