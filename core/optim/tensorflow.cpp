#include "optim/tensorflow.h"

#include "optim/state_tensors.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace hfc::optim {
namespace {

using Tensors = std::vector<at::Tensor>;

/// The gradients, with the decay of the weights if there is one.
Tensors gradients_of(const Tensors& gradients, const Tensors& weights, const OptimizerOptions& o) {
    return o.weight_decay != 0 ? at::_foreach_add(gradients, weights, o.weight_decay) : gradients;
}

class TensorflowAdam : public Optimizer {
  public:
    using Optimizer::Optimizer;

  protected:
    void update(const Batch& batch, const OptimizerOptions& o) override {
        const auto gradients = gradients_of(batch.gradients, batch.weights, o);
        Tensors means, squares;
        std::vector<at::Scalar> rates;  // a parameter may have rested while it had no gradient
        for (size_t i = 0; i < batch.weights.size(); ++i) {
            auto& state = *batch.states[i];
            means.push_back(zeros(state, "exp_avg", batch.weights[i]));
            squares.push_back(zeros(state, "exp_avg_sq", batch.weights[i]));
            const auto step = count_step(state).item<double>();
            rates.emplace_back(-o.lr * std::sqrt(1 - std::pow(o.beta2, step)) /
                               (1 - std::pow(o.beta1, step)));
        }
        at::_foreach_lerp_(means, gradients, 1 - o.beta1);
        at::_foreach_mul_(squares, o.beta2);
        at::_foreach_addcmul_(squares, gradients, gradients, 1 - o.beta2);
        auto denominators = at::_foreach_sqrt(squares);
        at::_foreach_add_(denominators, o.eps);
        at::_foreach_addcdiv_(batch.weights, means, denominators, rates);
    }
};

class TensorflowRmsprop : public Optimizer {
  public:
    using Optimizer::Optimizer;

  protected:
    void update(const Batch& batch, const OptimizerOptions& o) override {
        const auto gradients = gradients_of(batch.gradients, batch.weights, o);
        Tensors squares, velocities;
        for (size_t i = 0; i < batch.weights.size(); ++i) {
            auto& state = *batch.states[i];
            count_step(state);
            squares.push_back(filled(state, "square_avg", batch.weights[i], 1));
            velocities.push_back(zeros(state, "momentum_buffer", batch.weights[i]));
        }
        at::_foreach_mul_(squares, o.alpha);
        at::_foreach_addcmul_(squares, gradients, gradients, 1 - o.alpha);
        auto denominators = at::_foreach_add(squares, o.eps);
        at::_foreach_sqrt_(denominators);
        at::_foreach_mul_(velocities, o.momentum);
        at::_foreach_addcdiv_(velocities, gradients, denominators, o.lr);
        at::_foreach_sub_(batch.weights, velocities);
    }
};

}  // namespace

std::unique_ptr<Optimizer> make_tensorflow_adam(std::vector<ParameterGroup> groups) {
    return std::make_unique<TensorflowAdam>(std::move(groups));
}

std::unique_ptr<Optimizer> make_tensorflow_rmsprop(std::vector<ParameterGroup> groups) {
    return std::make_unique<TensorflowRmsprop>(std::move(groups));
}

}  // namespace hfc::optim
