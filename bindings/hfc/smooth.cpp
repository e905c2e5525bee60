// hfc.smooth, and measurements of kernels.
#include "smooth/smooth.h"

#include "bindings/hfc/lua_model.h"
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"

namespace hfc::lua {
namespace {

int smooth_model(Call& call) {
    call.at_most(2);
    const auto network = to_model(call.L, call.argument(1, "model"));
    auto options = call.options(2);
    std::optional<double> rho, sigma;
    options.with("rho", [&](const Value& value) { rho = value.number(); });
    options.with("sigma", [&](const Value& value) { sigma = value.number(); });
    const int64_t size = options.integer("size", 3);
    const auto layers = options.texts("layers", {});
    options.finish();
    require(
        rho.has_value() != sigma.has_value(),
        "expected exactly one of the options 'rho' (equation 3) and 'sigma' (a Gaussian), got {}",
        rho ? "both" : "neither");
    const auto smoothed = network->copy();
    if (rho) {
        smooth::smooth(*smoothed, *rho, layers);
    } else {
        smooth::smooth_gaussian(*smoothed, *sigma, size, layers);
    }
    push_model(call.L, smoothed);
    return 1;
}

int smooth_kernel(Call& call) {
    call.at_most(2);
    return call.returns(smooth::smooth_kernel(tensor_argument(call, 1, "kernel"),
                                              call.argument(2, "rho").number()));
}

int roughness(Call& call) {
    const at::Tensor kernel = tensor_argument(call, 1, "kernel");
    auto options = call.options(2);
    const bool relative = options.boolean("relative", true);
    options.finish();
    return call.returns(smooth::roughness(kernel, relative));
}

int frequency_response(Call& call) {
    call.at_most(2);
    const at::Tensor kernel = tensor_argument(call, 1, "kernel");
    return call.returns(smooth::frequency_response(kernel, call.argument(2, "size").integer()));
}

const std::vector<Declaration> smooth_declarations = {
    {"hfc.smooth", smooth_model,
     "hfc.smooth(model, {rho = r, layers = {...}}) or hfc.smooth(model, {sigma = s, size = 3, "
     "layers = {...}}) -> model\n\n"
     "Returns a copy of the model with smoothed convolution kernels, without retraining (Wang et "
     "al. 2020, section 6). rho: smooths with equation 3, which adds to each weight rho times the "
     "sum of its eight neighbours, with replicated borders (rho >= 0). sigma: smooths with a "
     "Gaussian (sigma > 0). size: the width of the Gaussian in weights, an odd number, or 0 to "
     "choose it from sigma.\n"
     "layers: the names of the convolutions to smooth (default the first one). Errors: a model "
     "without a convolution, a name that does not exist."},
    {"hfc.smooth_kernel", smooth_kernel,
     "hfc.smooth_kernel(kernel, rho) -> Tensor\n\n"
     "Smooths a kernel [..., height, width] with equation 3 (see hfc.smooth)."},
    {"hfc.roughness", roughness,
     "hfc.roughness(kernel, {relative = true}) -> Tensor float64 [...]\n\n"
     "Returns how much adjacent weights of kernels [..., height, width] differ: the energy of the "
     "differences, by default divided by the kernel's own energy. relative: if false, the energy "
     "of the differences is not divided."},
    {"hfc.frequency_response", frequency_response,
     "hfc.frequency_response(kernel, size) -> Tensor float64 [..., size, size]\n\n"
     "Returns the gain of the kernel at each frequency of a size x size image, zero-frequency "
     "component first (not shifted)."},
};

}  // namespace

namespace detail {

void register_smooth(lua_State* L) {
    declare(L, smooth_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
