// hfc.smooth and what it says of kernels.
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
    require(rho.has_value() != sigma.has_value(),
            "expected one of the options rho (equation 3) and sigma (a Gaussian)");
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
     "layers = {...}}) -> model\n\nA copy whose "
     "convolution kernels are smoothed, without retraining (Wang et al. 2020, section 6). rho, at "
     "least 0: equation 3, each weight plus "
     "rho "
     "times the sum of its eight neighbours, borders duplicated. sigma, above 0: a Gaussian of "
     "`size` weights (odd; 0: by sigma).\n"
     "layers: names of convolutions; the first one unless given. Errors: a model without a "
     "convolution, a name that is none."},
    {"hfc.smooth_kernel", smooth_kernel,
     "hfc.smooth_kernel(kernel, rho) -> Tensor\n\nEquation 3 for a kernel [..., height, width]."},
    {"hfc.roughness", roughness,
     "hfc.roughness(kernel, {relative = true}) -> Tensor float64 [...]\n\nThe energy of the "
     "differences of adjacent weights of kernels "
     "[..., height, width], as a share of the kernel's own energy unless relative is false."},
    {"hfc.frequency_response", frequency_response,
     "hfc.frequency_response(kernel, size) -> Tensor float64 [..., size, size]\n\nThe gain of the "
     "kernel at each frequency of a size x "
     "size "
     "image, zero frequency first."},
};

}  // namespace

namespace detail {

void register_smooth(lua_State* L) {
    declare(L, smooth_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
