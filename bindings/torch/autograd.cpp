// backward, torch.autograd.grad, gradient modes.
#include "bindings/runtime/error.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/register.h"
#include "bindings/torch/tensor.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

namespace hfc::lua {
namespace {

std::optional<bool> read_retain_graph(Options& options) {
    std::optional<bool> retain;
    options.with("retain_graph", [&](const Value& value) { retain = value.boolean(); });
    return retain;
}

int backward(Call& call) {
    const at::Tensor tensor = tensor_argument(call, 1, "tensor");
    const bool by_position = call.given(2) && to_tensor(call.L, 2) != nullptr;
    at::Tensor gradient = by_position ? *to_tensor(call.L, 2) : at::Tensor();
    call.at_most(3);
    auto options = call.options(by_position || call.count() == 3 ? 3 : 2);
    options.with("gradient",
                 [&](const Value& value) { gradient = value.object<LuaTensor>().tensor; });
    const auto retain_graph = read_retain_graph(options);
    const bool create_graph = options.boolean("create_graph", false);
    options.finish();
    tensor.backward(gradient, retain_graph, create_graph);
    return 0;
}

int grad(Call& call) {
    const auto outputs = read_tensors(call.L, call.argument(1, "outputs"));
    const auto inputs = read_tensors(call.L, call.argument(2, "inputs"));
    auto options = call.options(3);
    std::vector<at::Tensor> gradients;
    options.with("grad_outputs",
                 [&](const Value& value) { gradients = read_tensors(call.L, value); });
    const auto retain_graph = read_retain_graph(options);
    const bool create_graph = options.boolean("create_graph", false);
    const bool allow_unused = options.boolean("allow_unused", false);
    options.finish();
    require(!inputs.empty() && !outputs.empty(), "expected at least one output and one input");
    return push_results(call.L, torch::autograd::grad(outputs, inputs, gradients, retain_graph,
                                                      create_graph, allow_unused));
}

/// Calls the function in the first argument while a Guard(args...) exists.
template <typename Guard, typename... Args>
int call_under(Call& call, Args... args) {
    if (!lua_isfunction(call.L, 1)) {
        call.argument(1, "function").expected("a function");
    }
    const Guard guard(args...);
    protected_call(call.L, call.count() - 1, LUA_MULTRET);
    return lua_gettop(call.L);
}

int no_grad(Call& call) {
    return call_under<at::NoGradGuard>(call);
}

int enable_grad(Call& call) {
    return call_under<at::AutoGradMode>(call, true);
}

int inference_mode(Call& call) {
    return call_under<c10::InferenceMode>(call, true);
}

int is_grad_enabled(Call& call) {
    return call.returns(at::GradMode::is_enabled());
}

int set_grad_enabled(Call& call) {
    at::GradMode::set_enabled(call.argument(1, "mode").boolean());
    return 0;
}

const std::vector<Declaration> autograd_declarations = {
    {"Tensor:backward", backward,
     "x:backward(gradient, {retain_graph = create_graph, create_graph = false})\n\n"
     "Computes the gradients of x with respect to the leaf tensors that x depends on, and adds "
     "each gradient to the `grad` of its leaf. Without the argument `gradient`, x must have one "
     "element."},
    {"torch.autograd.grad", grad,
     "torch.autograd.grad(outputs, inputs, {grad_outputs, retain_graph = create_graph, "
     "create_graph = false, allow_unused = false}) -> one Tensor for each input\n\n"
     "Returns the gradients of the sum of the outputs with respect to the inputs, and leaves all "
     "`grad` fields unchanged. outputs, inputs, grad_outputs: a Tensor or a list. An unused input "
     "is an error; with allow_unused, its gradient is nil."},
    {"torch.no_grad", no_grad,
     "torch.no_grad(function, ...) -> its results\n\n"
     "Calls the function with gradients disabled, then restores the previous mode, even after an "
     "error in the function."},
    {"torch.enable_grad", enable_grad,
     "torch.enable_grad(function, ...) -> its results\n\n"
     "Calls the function with gradients enabled, even inside no_grad."},
    {"torch.inference_mode", inference_mode,
     "torch.inference_mode(function, ...) -> its results\n\n"
     "Works like no_grad but is faster, because tensors created inside can never be used in "
     "autograd."},
    {"torch.is_grad_enabled", is_grad_enabled,
     "torch.is_grad_enabled() -> boolean\n\n"
     "Returns true if operations are recorded for backward()."},
    {"torch.set_grad_enabled", set_grad_enabled,
     "torch.set_grad_enabled(mode)\n\nSwitches the recording of operations for backward() on or "
     "off."},
};

}  // namespace

namespace detail {

void register_autograd(lua_State* L) {
    declare(L, autograd_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
