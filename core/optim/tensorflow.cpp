#include "optim/tensorflow.h"

#include "optim/one_by_one.h"
#include "optim/state_tensors.h"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

namespace hfc::optim {
namespace {

class TensorflowAdam : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        auto& mean = zeros(state, "exp_avg", weight).lerp_(gradient, 1 - o.beta1);
        auto& squares = zeros(state, "exp_avg_sq", weight)
                            .mul_(o.beta2)
                            .addcmul_(gradient, gradient, 1 - o.beta2);
        const auto step = count_step(state).item<double>();
        const double rate =
            o.lr * std::sqrt(1 - std::pow(o.beta2, step)) / (1 - std::pow(o.beta1, step));
        weight.addcdiv_(mean, squares.sqrt().add_(o.eps), -rate);
    }
};

class TensorflowRmsprop : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        count_step(state);
        auto& squares = filled(state, "square_avg", weight, 1)
                            .mul_(o.alpha)
                            .addcmul_(gradient, gradient, 1 - o.alpha);
        auto& velocity = zeros(state, "momentum_buffer", weight)
                             .mul_(o.momentum)
                             .addcdiv_(gradient, squares.add(o.eps).sqrt_(), o.lr);
        weight.sub_(velocity);
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
