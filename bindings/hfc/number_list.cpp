#include "bindings/hfc/number_list.h"

#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

namespace hfc::lua {

std::vector<double> number_list(lua_State* L, const Value& value) {
    const auto* tensor = to_tensor(L, value.index());
    if (tensor == nullptr) {
        return value.numbers();
    }
    if (tensor->dim() != 1 || tensor->is_complex()) {
        value.expected("a one-dimensional Tensor of real numbers", describe_tensor(*tensor));
    }
    const auto values = tensor->detach().to(at::kCPU, at::kDouble).contiguous();
    return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

}  // namespace hfc::lua
