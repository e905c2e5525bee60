#include "mask/operator.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "frequency/half.h"

#include <ATen/ATen.h>
#include <ATen/ExpandUtils.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace hfc::mask {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Let X and G be the transforms of x and of the gradient g. The operator is self-adjoint in x. The
/// gradient with respect to M(k) is real(conj(X(k)) G(k)) / (H W), which is symmetric in k like the
/// operator.
struct MaskFunction : public torch::autograd::Function<MaskFunction> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& mask) {
        context->save_for_backward({x, mask});
        const auto half = frequency::half_of(symmetrise(mask));
        return at::fft_irfft2(at::fft_rfft2(x) * half, {{x.size(-2), x.size(-1)}});
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& mask = saved[1];
        variable_list result(2);
        if (context->needs_input_grad(0)) {
            result[0] = at::sum_to(apply(gradients[0], mask), x.sizes());
        }
        if (context->needs_input_grad(1)) {
            const auto product =
                frequency::real_product(at::fft_rfft2(x), at::fft_rfft2(gradients[0])) /
                (x.size(-2) * x.size(-1));
            result[1] = at::sum_to(frequency::full_of(product, x.size(-1)), mask.sizes());
        }
        return result;
    }
};

}  // namespace

void require_mask(const at::Tensor& mask, int64_t height, int64_t width) {
    require(mask.defined() && at::isFloatingType(mask.scalar_type()),
            "mask must have a floating-point dtype, got {}",
            mask.defined() ? dtype_name(mask.scalar_type()) : "an undefined tensor");
    require(mask.dim() >= 2 && mask.size(-2) == height && mask.size(-1) == width,
            "mask must be [..., {}, {}] (the images' height and width), got [{}]", height, width,
            fmt::join(mask.sizes(), ", "));
    require(mask.isfinite().all().item<bool>(), "mask must contain only finite numbers");
}

at::Tensor symmetrise(const at::Tensor& mask) {
    require(mask.defined() && mask.dim() >= 2,
            "mask must have at least two dimensions [..., H, W], got {}",
            mask.defined() ? fmt::format("[{}]", fmt::join(mask.sizes(), ", "))
                           : "an undefined tensor");
    require(at::isFloatingType(mask.scalar_type()),
            "mask must have a floating-point dtype, got "
            "{}",
            dtype_name(mask.scalar_type()));
    return (mask + mask.flip({-2, -1}).roll({1, 1}, {-2, -1})) / 2;
}

at::Tensor apply(const at::Tensor& x, const at::Tensor& mask) {
    require(x.defined() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble),
            "x must be of dtype float32 or float64, got {}",
            x.defined() ? dtype_name(x.scalar_type()) : "an undefined tensor");
    require(
        x.dim() >= 2 && x.numel() > 0,
        "x must have at least two dimensions [..., H, W] and at least one pixel, got shape [{}]",
        fmt::join(x.sizes(), ", "));
    require_mask(mask, x.size(-2), x.size(-1));
    const auto leading = std::min(x.dim(), mask.dim());
    for (int64_t i = 1; i <= leading; ++i) {
        require(x.size(-i) == mask.size(-i) || x.size(-i) == 1 || mask.size(-i) == 1,
                "a mask of shape [{}] cannot be applied to images of shape [{}]: leading "
                "dimensions must be equal or 1",
                fmt::join(mask.sizes(), ", "), fmt::join(x.sizes(), ", "));
    }
    return MaskFunction::apply(x, mask.to(x.options()));
}

}  // namespace hfc::mask
