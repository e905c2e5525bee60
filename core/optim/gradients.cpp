#include "optim/gradients.h"

#include "base/error.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace hfc::optim {

at::Tensor total_norm(const std::vector<at::Tensor>& tensors, double order, bool require_finite) {
    require(!std::isnan(order), "norm_type must be a number, got {}", order);
    const at::NoGradGuard no_grad;
    if (tensors.empty()) {
        return at::scalar_tensor(0, at::kFloat);
    }
    std::vector<at::Tensor> norms;
    for (const auto& tensor : tensors) {
        norms.push_back(at::linalg_vector_norm(tensor, order).to(tensors[0].device()));
    }
    const auto total = at::linalg_vector_norm(at::stack(norms), order);
    require(!require_finite || std::isfinite(total.item<double>()),
            "the norm of the gradients is {}, which is not finite", total.item<double>());
    return total;
}

void scale_to_norm(const std::vector<at::Tensor>& gradients, double most, const at::Tensor& total) {
    require(most >= 0, "max_norm must be >= 0, got {}", most);
    const at::NoGradGuard no_grad;
    const auto factor = (most / (total + 1e-6)).clamp_max(1);
    for (const auto& gradient : gradients) {
        gradient.mul_(factor.to(gradient.device()));
    }
}

void clip_values(const std::vector<at::Tensor>& gradients, double most) {
    require(most >= 0, "clip_value must be >= 0, got {}", most);
    const at::NoGradGuard no_grad;
    for (const auto& gradient : gradients) {
        gradient.clamp_(-most, most);
    }
}

}  // namespace hfc::optim
