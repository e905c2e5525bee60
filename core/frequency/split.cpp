#include "frequency/split.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/images.h"
#include "frequency/backends.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

namespace hfc::frequency {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void check(const at::Tensor& x, const std::vector<double>& radii) {
    require(x.defined(), "x must be a float32 tensor [..., H, W], got an undefined tensor");
    require(x.scalar_type() == at::kFloat, "x must be of dtype float32, got {}{}",
            dtype_name(x.scalar_type()), x.scalar_type() == at::kFloat ? "" : plane_advice(x));
    // If the last dimension looks like 3 or 4 channels, x is hardly ever meant as a stack of
    // planes.
    if (has_channels_last(x) && x.size(3) > 1) {
        fail("x must be [..., H, W], got images [N, H, W, C] of shape [{}]{}",
             fmt::join(x.sizes(), ", "), plane_advice(x));
    }
    require(x.dim() >= 2, "x must have at least two dimensions [..., H, W], got shape [{}]",
            fmt::join(x.sizes(), ", "));
    require(!radii.empty(), "expected at least one radius, got none");
    for (const double radius : radii) {
        require(std::isfinite(radius) && radius >= 0,
                "a radius must be a finite number >= 0, got {}", radius);
    }
}

Parts compute(const at::Tensor& x, const std::vector<double>& radii, const SplitOptions& options) {
    if (x.numel() == 0) {
        const auto copies = [&](bool wanted) {
            std::vector<at::Tensor> tensors(wanted ? radii.size() : 0);
            std::ranges::generate(tensors, [&] { return at::empty(x.sizes(), x.options()); });
            return tensors;
        };
        return {copies(options.low), copies(options.high)};
    }
    return x.is_cpu() ? split_cpu(x.contiguous(), radii, options) : split_torch(x, radii, options);
}

/// The outputs are the low parts, followed by the high parts. Let L be the symmetric operator of a
/// radius, and g and h the gradients of its low and high parts. The gradient of x is L g + (h - L
/// h) = L (g - h) + h, which takes one low pass per radius.
struct SplitFunction : public torch::autograd::Function<SplitFunction> {
    static variable_list forward(AutogradContext* context, const at::Tensor& x,
                                 const std::vector<double>& radii, const SplitOptions& options) {
        context->saved_data["radii"] = radii;
        context->saved_data["inclusive"] = options.rule == Rule::inclusive;
        context->saved_data["low"] = options.low;
        context->saved_data["high"] = options.high;
        auto [outputs, high] = compute(x, radii, options);
        outputs.insert(outputs.end(), high.begin(), high.end());
        return outputs;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const auto radii = context->saved_data["radii"].toDoubleVector();
        const auto rule =
            context->saved_data["inclusive"].toBool() ? Rule::inclusive : Rule::exclusive;
        const bool low = context->saved_data["low"].toBool();
        const bool high = context->saved_data["high"].toBool();
        at::Tensor sum;
        const auto add = [&sum](const at::Tensor& term) {
            sum = sum.defined() ? sum + term : term;
        };
        for (size_t i = 0; i < radii.size(); ++i) {
            const auto of_low = low ? gradients[i] : at::Tensor();
            const auto of_high = high ? gradients[i + (low ? radii.size() : 0)] : at::Tensor();
            if (of_high.defined() && of_low.defined()) {
                add(low_pass(of_low - of_high, radii[i], rule) + of_high);
            } else if (of_high.defined()) {
                add(high_pass(of_high, radii[i], rule));
            } else if (of_low.defined()) {
                add(low_pass(of_low, radii[i], rule));
            }
        }
        return {sum, at::Tensor(), at::Tensor()};
    }
};

Parts differentiable(const at::Tensor& x, const std::vector<double>& radii,
                     const SplitOptions& options) {
    if (!(options.low || options.high) || !x.requires_grad() || !at::GradMode::is_enabled()) {
        return compute(x, radii, options);
    }
    auto low = SplitFunction::apply(x, radii, options);
    const auto count = options.low ? static_cast<int64_t>(radii.size()) : 0;
    std::vector<at::Tensor> high(low.begin() + count, low.end());
    low.resize(count);
    return {std::move(low), std::move(high)};
}

}  // namespace

Rule parse_rule(std::string_view text) {
    if (text == "<=") {
        return Rule::inclusive;
    }
    require(text == "<",
            "'rule' must be \"<=\" (distance at most the radius) or \"<\" (distance below the "
            "radius), got \"{}\"",
            text);
    return Rule::exclusive;
}

Parts split(const at::Tensor& x, const std::vector<double>& radii, const SplitOptions& options) {
    check(x, radii);
    return differentiable(x, radii, options);
}

at::Tensor low_pass(const at::Tensor& x, double radius, Rule rule) {
    check(x, {radius});
    return differentiable(x, {radius}, {.rule = rule, .low = true, .high = false}).low[0];
}

at::Tensor high_pass(const at::Tensor& x, double radius, Rule rule) {
    check(x, {radius});
    return differentiable(x, {radius}, {.rule = rule, .low = false, .high = true}).high[0];
}

}  // namespace hfc::frequency
