#include "optim/optimizers.h"

#include "optim/one_by_one.h"
#include "optim/state_tensors.h"
#include "optim/tensorflow.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace hfc::optim {
namespace {

/// Adam and AdamW with LibTorch's fused kernels: one pass over each weight, on the CPU and with
/// CUDA.
class Adam : public Optimizer {
  public:
    Adam(Groups groups, bool decoupled) : Optimizer(std::move(groups)), decoupled_(decoupled) {}

  protected:
    void update(const Batch& batch, const OptimizerOptions& o) override {
        std::vector<at::Tensor> means, squares, largest, steps;
        for (size_t i = 0; i < batch.weights.size(); ++i) {
            auto& state = *batch.states[i];
            means.push_back(zeros(state, "exp_avg", batch.weights[i]));
            squares.push_back(zeros(state, "exp_avg_sq", batch.weights[i]));
            if (o.amsgrad) {
                largest.push_back(zeros(state, "max_exp_avg_sq", batch.weights[i]));
            }
            steps.push_back(steps_of(state, batch.weights[i].device()));
        }
        at::_foreach_add_(steps, 1);  // on a GPU one kernel instead of one per parameter
        const auto fused = [&](auto&& kernel) {
            kernel(batch.weights, batch.gradients, means, squares, at::TensorList(largest), steps,
                   o.lr, o.beta1, o.beta2, o.weight_decay, o.eps, o.amsgrad, o.maximize,
                   std::optional<at::Tensor>(), std::optional<at::Tensor>());
        };
        if (decoupled_ || o.decoupled_weight_decay) {
            fused([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
        } else {
            fused([](auto&&... arguments) { at::_fused_adam_(arguments...); });
        }
    }

  private:
    bool decoupled_;
};

/// v = momentum v + (1 - dampening) g, where the first v is g; w = w - lr v.
class Sgd : public Optimizer {
  public:
    using Optimizer::Optimizer;

  protected:
    void update(const Batch& batch, const OptimizerOptions& o) override {
        // A parameter's first step uses the undamped gradient, so parameters at their first step
        // are in a separate list.
        std::vector<at::Tensor> weights[2], gradients[2], velocities[2];
        for (size_t i = 0; i < batch.weights.size(); ++i) {
            auto& state = *batch.states[i];
            const int first = o.momentum > 0 && !state.contains("momentum_buffer") ? 1 : 0;
            weights[first].push_back(batch.weights[i]);
            gradients[first].push_back(batch.gradients[i]);
            if (o.momentum > 0) {
                velocities[first].push_back(zeros(state, "momentum_buffer", batch.weights[i]));
            }
        }
        for (const int first : {0, 1}) {
            if (!weights[first].empty()) {
                at::_fused_sgd_(weights[first], gradients[first], velocities[first], o.weight_decay,
                                o.momentum, o.lr, o.dampening, o.nesterov, o.maximize, first == 1);
            }
        }
    }
};

/// sum = sum + g^2; w = w - lr / (1 + (step - 1) lr_decay) g / (sqrt(sum) + eps).
class Adagrad : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        auto& sum = filled(state, "sum", weight, o.initial_accumulator_value);
        const double step = count_step(state).item<double>();
        sum.addcmul_(gradient, gradient);
        weight.addcdiv_(gradient, sum.sqrt().add_(o.eps), -o.lr / (1 + (step - 1) * o.lr_decay));
    }
};

/// s = rho s + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(s + eps) g; u = rho u + (1 - rho) d^2; w = w
/// - lr d.
class Adadelta : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        count_step(state);
        auto& squares =
            zeros(state, "square_avg", weight).mul_(o.rho).addcmul_(gradient, gradient, 1 - o.rho);
        auto& updates = zeros(state, "acc_delta", weight);
        const auto delta =
            updates.add(o.eps).sqrt_().div_(squares.add(o.eps).sqrt_()).mul_(gradient);
        updates.mul_(o.rho).addcmul_(delta, delta, 1 - o.rho);
        weight.sub_(delta, o.lr);
    }
};

/// s = alpha s + (1 - alpha) g^2; w = w - lr g / (sqrt(s) + eps), with momentum on the quotient. If
/// `centered` is set, the squared mean of g is subtracted from s.
class Rmsprop : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        count_step(state);
        auto& squares = zeros(state, "square_avg", weight)
                            .mul_(o.alpha)
                            .addcmul_(gradient, gradient, 1 - o.alpha);
        at::Tensor spread = squares;
        if (o.centered) {
            auto& mean = zeros(state, "grad_avg", weight).lerp_(gradient, 1 - o.alpha);
            spread = squares.addcmul(mean, mean, -1);
        }
        const auto denominator = spread.sqrt().add_(o.eps);
        if (o.momentum > 0) {
            auto& velocity = zeros(state, "momentum_buffer", weight)
                                 .mul_(o.momentum)
                                 .addcdiv_(gradient, denominator);
            weight.sub_(velocity, o.lr);
        } else {
            weight.addcdiv_(gradient, denominator, -o.lr);
        }
    }
};

/// m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + eps); w = w - lr / (1 - beta1^step) m / u.
class Adamax : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        const double step = count_step(state).item<double>();
        auto& mean = zeros(state, "exp_avg", weight).lerp_(gradient, 1 - o.beta1);
        auto& largest = zeros(state, "exp_inf", weight).mul_(o.beta2);
        at::maximum_out(largest, largest, gradient.abs().add_(o.eps));
        weight.addcdiv_(mean, largest, -o.lr / (1 - std::pow(o.beta1, step)));
    }
};

/// The means of the gradients and of their squares, as in Adam.
std::pair<at::Tensor&, at::Tensor&> moments(Optimizer::State& state, const at::Tensor& weight,
                                            const at::Tensor& gradient, const OptimizerOptions& o) {
    auto& mean = zeros(state, "exp_avg", weight).lerp_(gradient, 1 - o.beta1);
    auto& square =
        zeros(state, "exp_avg_sq", weight).mul_(o.beta2).addcmul_(gradient, gradient, 1 - o.beta2);
    return {mean, square};
}

/// Adam with a momentum mu that grows with the steps and is applied one step ahead.
class Nadam : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        const double step = count_step(state).item<double>();
        const auto momentum = [&](double at) {
            return o.beta1 * (1 - 0.5 * std::pow(0.96, at * o.momentum_decay));
        };
        auto& kept = number_of(state, "mu_product", 1);
        const double mu = momentum(step), next = momentum(step + 1);
        const double product = kept.mul_(mu).item<double>();
        const auto [mean, square] = moments(state, weight, gradient, o);
        const auto denominator = square.div(1 - std::pow(o.beta2, step)).sqrt_().add_(o.eps);
        weight.addcdiv_(gradient, denominator, -o.lr * (1 - mu) / (1 - product));
        weight.addcdiv_(mean, denominator, -o.lr * next / (1 - product * next));
    }
};

/// Adam with a rate rectified by the variance of the mean square; plain momentum while the variance
/// is unknown.
class Radam : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        const double step = count_step(state).item<double>();
        const auto [mean, square] = moments(state, weight, gradient, o);
        const double unbiased1 = 1 - std::pow(o.beta1, step);
        const double unbiased2 = 1 - std::pow(o.beta2, step);
        const double limit = 2 / (1 - o.beta2) - 1;
        const double length = limit - 2 * step * std::pow(o.beta2, step) / unbiased2;
        const auto change = mean.div(unbiased1).mul_(o.lr);
        if (length > 5) {
            const double rectified = std::sqrt((length - 4) * (length - 2) * limit /
                                               ((limit - 4) * (limit - 2) * length));
            change.mul_(square.sqrt().add_(o.eps).reciprocal_().mul_(std::sqrt(unbiased2)))
                .mul_(rectified);
        }
        weight.sub_(change);
    }
};

/// w = (1 - lambd eta) w - eta g, with eta = lr / (1 + lambd lr step)^alpha; ax is the mean of w
/// from step t0 on.
class Asgd : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        const double step = count_step(state).item<double>();
        auto& eta = number_of(state, "eta", o.lr);
        auto& mu = number_of(state, "mu", 1);
        auto& average = zeros(state, "ax", weight);
        const double rate = eta.item<double>(), share = mu.item<double>();
        weight.mul_(1 - o.lambd * rate).sub_(gradient, rate);
        share == 1 ? average.copy_(weight) : average.add_(weight.sub(average).mul_(share));
        eta.fill_(o.lr / std::pow(1 + o.lambd * o.lr * step, o.alpha));
        mu.fill_(1 / std::max(1.0, step - o.t0));
    }
};

/// Each weight has its own step size. It grows while the sign of the gradient stays the same and
/// shrinks when the sign changes; the weight then rests for one step.
class Rprop : public OneByOne {
  public:
    using OneByOne::OneByOne;

  protected:
    void update_one(at::Tensor& weight, const at::Tensor& gradient, State& state,
                    const OptimizerOptions& o) override {
        count_step(state);
        auto& previous = zeros(state, "prev", weight);
        auto& size = filled(state, "step_size", weight, o.lr);
        const auto product = gradient.mul(previous);
        const auto turned = product.lt(0);
        size.mul_(at::ones_like(product)
                      .masked_fill_(product.gt(0), o.eta_plus)
                      .masked_fill_(turned, o.eta_minus))
            .clamp_(o.least_step, o.largest_step);
        previous.copy_(gradient.masked_fill(turned, 0));
        weight.addcmul_(previous.sign(), size, -1);
    }
};

template <typename T, auto... arguments>
std::unique_ptr<Optimizer> make(Groups groups) {
    return std::make_unique<T>(std::move(groups), arguments...);
}

}  // namespace

Maker maker_of(const std::string& name) {
    static const std::map<std::string, Maker> makers = {
        {"adadelta", make<Adadelta>},  // Zeiler 2012
        {"adagrad", make<Adagrad>},    // Duchi, Hazan, Singer 2011
        {"adam", make<Adam, false>},   // Kingma, Ba 2015
        {"adamax", make<Adamax>},      // with the largest gradient: Kingma, Ba 2015
        {"adamw", make<Adam, true>},   // Loshchilov, Hutter 2019
        {"asgd", make<Asgd>},          // averaged gradient descent: Polyak, Juditsky 1992
        {"lbfgs", make_lbfgs},
        {"nadam", make<Nadam>},      // with Nesterov's momentum: Dozat 2016
        {"radam", make<Radam>},      // with a rectified rate: Liu et al. 2020
        {"rmsprop", make<Rmsprop>},  // Hinton's lecture 6e, as implemented in PyTorch
        {"rprop", make<Rprop>},      // Riedmiller, Braun 1993
        {"sgd", make<Sgd>},          // with momentum, including Nesterov's
        // TensorFlow 1's tf.train: only Adam and RMSprop have rules that differ from PyTorch's
        {"tensorflow_adadelta", make<Adadelta>},
        {"tensorflow_adagrad", make<Adagrad>},
        {"tensorflow_adam", make_tensorflow_adam},
        {"tensorflow_rmsprop", make_tensorflow_rmsprop},
    };
    return makers.at(name);
}

}  // namespace hfc::optim
