// The norm of gradients, and functions that limit it.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hfc::optim {

/// The norm of all tensors together, as if they were one vector; 0 if there are no tensors. order:
/// above 0, or infinite. If require_finite is true, throws Error for a norm that is not finite.
at::Tensor total_norm(const std::vector<at::Tensor>& tensors, double order = 2,
                      bool require_finite = false);

/// If `total`, the total norm of the gradients, exceeds `most`, scales all of them by the same
/// factor to reduce it to `most`.
void scale_to_norm(const std::vector<at::Tensor>& gradients, double most, const at::Tensor& total);

/// Limits each element of the gradients to [-most, most].
void clip_values(const std::vector<at::Tensor>& gradients, double most);

}  // namespace hfc::optim
