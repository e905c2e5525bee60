// Prints a tensor as text.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace hfc::lua {

/// How tensors are printed: PyTorch's defaults, until torch.set_printoptions changes them.
struct PrintOptions {
    int64_t precision = 4;         ///< digits after the decimal point
    int64_t threshold = 1000;      ///< the number of elements above which a tensor is summarised
    int64_t edge_items = 3;        ///< elements shown at each end of a dimension in a summary
    int64_t line_width = 80;       ///< columns
    std::optional<bool> sci_mode;  ///< 1.0000e+03; if unset, depends on the values
};

PrintOptions& print_options();

/// The same text as PyTorch in Python: "tensor([1., 2.], dtype=torch.float64)". By default, a
/// tensor with more than 1000 elements is shortened to the first and last three in each dimension.
std::string print_tensor(const at::Tensor& tensor);

}  // namespace hfc::lua
