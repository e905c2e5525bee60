#include "model/synchronised_norm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace hfc::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

parallel::Group* synchronising = nullptr;

at::Tensor by_channel(const at::Tensor& values) {
    return values.view({1, -1, 1, 1});
}

/// Statistics over the images of all processes.
struct JointStatistics {
    at::Tensor mean, variance;  ///< [channels]; the variance is biased
    double count = 0;           ///< values per channel
};

JointStatistics joint_statistics(parallel::Group& group, const at::Tensor& x) {
    const auto channels = x.size(1);
    const auto count = static_cast<double>(x.numel() / channels);
    const auto mean = x.mean({0, 2, 3});
    const auto deviation = (x - by_channel(mean)).square().sum({0, 2, 3});
    // One row per process, because adding up the statistics would lose precision.
    auto rows = at::zeros({group.size(), 2 * channels + 1}, x.options().dtype(at::kDouble));
    rows[group.rank()].copy_(at::cat({mean, deviation, at::full({1}, count, mean.options())}));
    group.all_reduce(rows, parallel::Reduction::sum);
    const auto means = rows.slice(1, 0, channels);
    const auto deviations = rows.slice(1, channels, 2 * channels);
    const auto counts = rows.slice(1, 2 * channels);
    const auto total = counts.sum();
    const auto joint = (means * counts).sum(0) / total;
    const auto between = ((means - joint).square() * counts).sum(0);
    return {joint.to(x.scalar_type()), ((deviations.sum(0) + between) / total).to(x.scalar_type()),
            total.item<double>()};
}

void move_running(const NormState& state, const JointStatistics& joint) {
    const at::NoGradGuard no_grad;
    at::Tensor(state.mean).lerp_(joint.mean.to(state.mean.scalar_type()), state.momentum);
    const auto unbiased = joint.variance * (joint.count / (joint.count - 1));
    at::Tensor(state.variance).lerp_(unbiased.to(state.variance.scalar_type()), state.momentum);
}

class SynchronisedNorm : public torch::autograd::Function<SynchronisedNorm> {
  public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                              const at::Tensor& weight, const at::Tensor& bias,
                              const at::Tensor& mean, const at::Tensor& inverse, double count,
                              parallel::Group* group) {
        const auto normal = (x - by_channel(mean)) * by_channel(inverse);
        context->save_for_backward({normal, weight, inverse});
        context->saved_data["count"] = count;
        context->saved_data["group"] = reinterpret_cast<int64_t>(group);
        return normal * by_channel(weight) + by_channel(bias);
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const auto saved = context->get_saved_variables();
        const auto& normal = saved[0];
        const auto& weight = saved[1];
        const auto& inverse = saved[2];
        const auto count = context->saved_data["count"].toDouble();
        auto* const group =
            reinterpret_cast<parallel::Group*>(context->saved_data["group"].toInt());
        const auto& gradient = gradients[0];
        const auto of_bias = gradient.sum({0, 2, 3});
        const auto of_weight = (gradient * normal).sum({0, 2, 3});
        auto sums = at::stack({of_bias, of_weight}).to(at::kDouble);
        group->all_reduce(sums, parallel::Reduction::sum);
        const auto means = (sums / count).to(gradient.scalar_type());
        const auto of_x = by_channel(weight * inverse) *
                          (gradient - by_channel(means[0]) - normal * by_channel(means[1]));
        return {of_x, of_weight, of_bias, {}, {}, {}, {}};
    }
};

}  // namespace

SynchronisedNorms::SynchronisedNorms(parallel::Group& group, bool synchronised)
    : before_(synchronising) {
    if (synchronised && group.size() > 1) {
        synchronising = &group;
    }
}

SynchronisedNorms::~SynchronisedNorms() {
    synchronising = before_;
}

parallel::Group* SynchronisedNorms::group() noexcept {
    return synchronising;
}

at::Tensor synchronised_norm(parallel::Group& group, const at::Tensor& x, const NormState& state) {
    const auto wide = at::isReducedFloatingType(x.scalar_type()) ? x.to(at::kFloat) : x;
    JointStatistics joint;
    {
        const at::NoGradGuard no_grad;
        joint = joint_statistics(group, wide.detach());
    }
    move_running(state, joint);
    const auto inverse = (joint.variance + state.epsilon).rsqrt();
    return SynchronisedNorm::apply(wide, state.weight, state.bias, joint.mean, inverse, joint.count,
                                   &group)
        .to(x.scalar_type());
}

}  // namespace hfc::model
