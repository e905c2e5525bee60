#include "sensitivity/linear_probe.h"

#include "base/dtype_name.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "optim/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace hfc::sensitivity {
namespace {

void require_set(const char* which, const at::Tensor& features, const at::Tensor& labels) {
    require(features.defined() && features.dim() >= 2 && features.numel() > 0 &&
                at::isFloatingType(features.scalar_type()),
            "{} features must be [N, ...] with a floating-point dtype, got {}", which,
            features.defined() ? fmt::format("{} [{}]", dtype_name(features.scalar_type()),
                                             fmt::join(features.sizes(), ", "))
                               : "an undefined tensor");
    require(features.isfinite().all().item<bool>(), "{} features must contain only finite numbers",
            which);
    require(labels.defined() && labels.scalar_type() == at::kLong && labels.dim() == 1 &&
                labels.size(0) == features.size(0),
            "{} labels must be int64 [{}], one label per row of the features; got {}", which,
            features.size(0),
            labels.defined() ? fmt::format("{} [{}]", dtype_name(labels.scalar_type()),
                                           fmt::join(labels.sizes(), ", "))
                             : "an undefined tensor");
    require(labels.min().item<int64_t>() >= 0, "{} labels must be >= 0, got {}", which,
            labels.min().item<int64_t>());
}

/// Adam with weight decay for the weights but not for the bias.
std::unique_ptr<optim::Optimizer> adam_of(const at::Tensor& weight, const at::Tensor& bias,
                                          const ProbeOptions& options) {
    auto settings = optim::default_options("adam");
    settings.lr = options.lr;
    std::vector<optim::ParameterGroup> groups = {{{weight}, settings}, {{bias}, settings}};
    groups.front().options.weight_decay = options.weight_decay;
    return optim::make_optimizer(std::move(groups));
}

}  // namespace

ProbeResult linear_probe(const at::Tensor& train_features, const at::Tensor& train_labels,
                         const at::Tensor& test_features, const at::Tensor& test_labels,
                         const ProbeOptions& options) {
    require_set("training", train_features, train_labels);
    require_set("test", test_features, test_labels);
    const auto prepare = [](const at::Tensor& features) {
        return features.detach().cpu().to(at::kDouble).flatten(1);
    };
    auto x = prepare(train_features), test = prepare(test_features);
    require(x.size(1) == test.size(1),
            "training and test images must have the same number of features, got {} and {}",
            x.size(1), test.size(1));
    require(options.steps >= 1, "steps must be at least 1, got {}", options.steps);
    require(std::isfinite(options.lr) && options.lr > 0,
            "lr must be a finite number above 0, got {}", options.lr);
    require(std::isfinite(options.weight_decay) && options.weight_decay >= 0,
            "weight_decay must be a finite number >= 0, got {}", options.weight_decay);
    const at::NoGradGuard no_grad;
    const auto mean = x.mean(0), deviation = x.std(0, /*unbiased=*/false);
    const auto scale = at::where(deviation.gt(1e-9), deviation,
                                 at::ones_like(deviation));  // constant features stay at 0
    x = (x - mean) / scale;
    test = (test - mean) / scale;
    auto labels = train_labels.cpu();
    if (options.scrambled) {
        labels = labels.index_select(
            0, permutation(labels.size(0), options.seed, "scrambled probe labels"));
    }
    const auto classes =
        std::max(labels.max().item<int64_t>(), test_labels.max().item<int64_t>()) + 1;
    const auto targets = at::one_hot(labels, classes).to(at::kDouble);
    auto weight = at::zeros({x.size(1), classes}, at::kDouble);
    auto bias = at::zeros({classes}, at::kDouble);
    const auto adam = adam_of(weight, bias, options);
    for (int64_t step = 0; step < options.steps; ++step) {
        check_interrupt();
        const auto error = (at::addmm(bias, x, weight).softmax(1) - targets) / x.size(0);
        weight.mutable_grad() = at::mm(x.t(), error);
        bias.mutable_grad() = error.sum(0);
        adam->step();
    }
    const auto share = [&](const at::Tensor& features, const at::Tensor& wanted) {
        return at::addmm(bias, features, weight)
            .argmax(1)
            .eq(wanted)
            .to(at::kDouble)
            .mean()
            .item<double>();
    };
    return {share(x, labels), share(test, test_labels.cpu())};
}

}  // namespace hfc::sensitivity
