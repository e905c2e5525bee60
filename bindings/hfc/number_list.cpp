#include "bindings/hfc/number_list.h"

#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

namespace hfc::lua {

std::vector<double> number_list(lua_State* L, const Value& value) {
    const auto* tensor = to_tensor(L, value.index());
    if (tensor == nullptr) {
        return value.numbers();
    }
    require(tensor->dim() == 1 && !tensor->is_complex(),
            "expected a Tensor of real numbers with one dimension, got {}",
            describe_tensor(*tensor));
    const auto values = tensor->detach().to(at::kCPU, at::kDouble).contiguous();
    return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

}  // namespace hfc::lua
