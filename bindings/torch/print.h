// A tensor as text.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace hfc::lua {

/// What Python's PyTorch prints: "tensor([1., 2.], dtype=torch.float64)"; above 1000 elements the
/// first and last three of each dimension.
std::string print_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
