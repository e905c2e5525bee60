// A tensor as text.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace hfc::lua {

/// How tensors are written: PyTorch's defaults, until torch.set_printoptions changes them.
struct PrintOptions {
    int64_t precision = 4;         ///< digits behind the point
    int64_t threshold = 1000;      ///< elements above which a tensor is summarised
    int64_t edge_items = 3;        ///< shown at each end of a dimension then
    int64_t line_width = 80;       ///< columns
    std::optional<bool> sci_mode;  ///< 1.0000e+03; by the values where not set
};

PrintOptions& print_options();

/// What Python's PyTorch prints: "tensor([1., 2.], dtype=torch.float64)"; above 1000 elements the
/// first and last three of each dimension.
std::string print_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
