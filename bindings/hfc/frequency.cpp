// hfc.frequency.
#include "bindings/hfc/register.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/tensor.h"
#include "frequency/split.h"

namespace hfc::lua {
namespace {

frequency::Rule rule_of(Options& options) {
    return frequency::parse_rule(options.text("rule", "<="));
}

int split(Call& call) {
    const at::Tensor x = tensor_argument(call, 1, "x");
    auto options = call.options(2);
    bool several = false;
    options.with("radius",
                 [&](const Value& value) { several = lua_istable(call.L, value.index()) != 0; });
    const auto radii = options.numbers("radius", {});
    const auto rule = rule_of(options);
    options.finish();
    require(!radii.empty(),
            "option 'radius' is missing or empty: expected a number or a list of numbers");
    const auto parts = frequency::split(x, radii, {rule, true, true});
    return several ? call.returns(parts.low, parts.high)
                   : call.returns(parts.low[0], parts.high[0]);
}

int one_part(Call& call, at::Tensor (*filter)(const at::Tensor&, double, frequency::Rule)) {
    const at::Tensor x = tensor_argument(call, 1, "x");
    const double radius = call.argument(2, "radius").number();
    auto options = call.options(3);
    const auto rule = rule_of(options);
    options.finish();
    return call.returns(filter(x, radius, rule));
}

int low_pass(Call& call) {
    return one_part(call, frequency::low_pass);
}

int high_pass(Call& call) {
    return one_part(call, frequency::high_pass);
}

int mask(Call& call) {
    const int64_t height = call.argument(1, "height").integer();
    const int64_t width = call.argument(2, "width").integer();
    const double radius = call.argument(3, "radius").number();
    auto options = call.options(4);
    const auto rule = rule_of(options);
    options.finish();
    return call.returns(frequency::radial_mask(height, width, radius, rule));
}

const std::vector<Declaration> frequency_declarations = {
    {"hfc.frequency.split", split,
     "hfc.frequency.split(x, {radius = r, rule = \"<=\"}) -> x_low, x_high\n\n"
     "Splits images into their low- and high-frequency parts (Wang et al., 2020, section 3). Each "
     "channel's two-dimensional Fourier transform is cut at `radius` bins from the zero frequency, "
     "so that x_low + x_high = x. If radius is a list, the function returns two lists of tensors, "
     "computed from a single forward transform.\n"
     "x: float32 [..., H, W], on any device and of any size. rule: \"<=\" keeps distance <= radius "
     "(as in the paper), \"<\" keeps distance < radius (as in the authors' code). The function is "
     "differentiable.\n"
     "Errors: a dtype other than float32, fewer than two dimensions, a radius that is negative or "
     "not a number."},
    {"hfc.frequency.low_pass", low_pass,
     "hfc.frequency.low_pass(x, radius, {rule = \"<=\"}) -> Tensor\n\n"
     "Returns only the low part of hfc.frequency.split."},
    {"hfc.frequency.high_pass", high_pass,
     "hfc.frequency.high_pass(x, radius, {rule = \"<=\"}) -> Tensor\n\n"
     "Returns only the high part of hfc.frequency.split."},
    {"hfc.frequency.mask", mask,
     "hfc.frequency.mask(height, width, radius, {rule = \"<=\"}) -> Tensor float64 [height, "
     "width]\n\n"
     "Returns the mask of the low part: ones and zeros, with the zero-frequency component first, "
     "as in the output of fft2."},
};

}  // namespace

namespace detail {

void register_frequency(lua_State* L) {
    declare(L, frequency_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
