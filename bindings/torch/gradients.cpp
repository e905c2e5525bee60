// torch.nn.utils: gradient norms and gradient clipping.
#include "optim/gradients.h"

#include "bindings/runtime/registry.h"
#include "bindings/torch/optim.h"
#include "bindings/torch/parameters.h"
#include "bindings/torch/python_arguments.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

#include <limits>

namespace hfc::lua {
namespace {

std::vector<at::Tensor> gradients_of(Call& call, PythonArguments& arguments) {
    std::vector<at::Tensor> gradients;
    for (const auto& parameter :
         read_parameters_or_network(call.L, arguments.value("parameters")).tensors) {
        if (parameter.grad().defined()) {
            gradients.push_back(parameter.grad());
        }
    }
    return gradients;
}

/// A number, or "inf" as in Python.
double read_order(Call& call, PythonArguments& arguments) {
    if (!arguments.given("norm_type")) {
        return 2;
    }
    const auto value = arguments.value("norm_type");
    const bool infinite = lua_type(call.L, value.index()) == LUA_TSTRING && value.text() == "inf";
    return infinite ? std::numeric_limits<double>::infinity() : value.number();
}

int clip_grad_norm(Call& call) {
    PythonArguments arguments(
        call, {"parameters", "max_norm", "norm_type", "error_if_nonfinite", "foreach"});
    const auto gradients = gradients_of(call, arguments);
    const double most = arguments.number("max_norm");
    const auto total = optim::total_norm(gradients, read_order(call, arguments),
                                         arguments.boolean("error_if_nonfinite", false));
    optim::scale_to_norm(gradients, most, total);
    return call.returns(total);
}

int clip_grads_with_norm(Call& call) {
    PythonArguments arguments(call, {"parameters", "max_norm", "total_norm", "foreach"});
    const auto gradients = gradients_of(call, arguments);
    const auto total = arguments.value("total_norm").object<LuaTensor>().tensor;
    optim::scale_to_norm(gradients, arguments.number("max_norm"), total);
    return 0;
}

int clip_grad_value(Call& call) {
    PythonArguments arguments(call, {"parameters", "clip_value", "foreach"});
    const auto gradients = gradients_of(call, arguments);
    optim::clip_values(gradients, arguments.number("clip_value"));
    return 0;
}

int get_total_norm(Call& call) {
    PythonArguments arguments(call, {"tensors", "norm_type", "error_if_nonfinite", "foreach"});
    const auto tensors = read_parameters_or_network(call.L, arguments.value("tensors")).tensors;
    return call.returns(optim::total_norm(tensors, read_order(call, arguments),
                                          arguments.boolean("error_if_nonfinite", false)));
}

const std::vector<Declaration> gradient_declarations = {
    {"torch.nn.utils.clip_grad_norm_", clip_grad_norm,
     "torch.nn.utils.clip_grad_norm_(parameters, max_norm, {norm_type = 2, error_if_nonfinite = "
     "false}) -> Tensor\n\n"
     "Scales all gradients together so that their norm is at most max_norm, and returns their norm "
     "before scaling. parameters: a network, a list of Tensors or one Tensor. norm_type: the order "
     "of the norm; math.huge uses the largest absolute value. error_if_nonfinite: if true, raises "
     "an error if the norm is not finite."},
    {"torch.nn.utils.clip_grads_with_norm_", clip_grads_with_norm,
     "torch.nn.utils.clip_grads_with_norm_(parameters, max_norm, total_norm)\n\nScales all "
     "gradients like clip_grad_norm_, but uses a norm that you already know, for example from "
     "get_total_norm."},
    {"torch.nn.utils.clip_grad_value_", clip_grad_value,
     "torch.nn.utils.clip_grad_value_(parameters, clip_value)\n\nLimits each element of the "
     "gradients to [-clip_value, clip_value]. parameters: as for clip_grad_norm_."},
    {"torch.nn.utils.get_total_norm", get_total_norm,
     "torch.nn.utils.get_total_norm(tensors, {norm_type = 2, error_if_nonfinite = false}) -> "
     "Tensor\n\n"
     "Returns the norm of all tensors, taken together as one vector. tensors: a list of Tensors or "
     "one Tensor."},
};

}  // namespace

namespace detail {

void register_gradients(lua_State* L) {
    declare(L, gradient_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
