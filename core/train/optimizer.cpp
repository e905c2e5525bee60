#include "train/optimizer.h"

#include "base/error.h"

#include <ATen/core/grad_mode.h>

namespace hfc::train {
namespace {

/// Adam by LibTorch's fused kernel: one pass over each weight, on the CPU and on CUDA.
class Adam : public Optimizer {
  public:
    Adam(std::vector<at::Tensor> parameters, const OptimizerOptions& options) : Optimizer(std::move(parameters)), options_(options) {
        for (const auto& parameter : parameters_) {
            // zeros_like keeps the layout, which the fused kernel relies on.
            means_.push_back(at::zeros_like(parameter, parameter.options().requires_grad(false)));
            squares_.push_back(at::zeros_like(parameter, parameter.options().requires_grad(false)));
            steps_.push_back(at::zeros({}, parameter.options().dtype(at::kFloat).requires_grad(false)));
        }
    }

    void step() override {
        const at::NoGradGuard no_grad;
        std::vector<at::Tensor> weights, gradients, means, squares, steps;
        for (size_t i = 0; i < parameters_.size(); ++i) {
            if (parameters_[i].grad().defined()) {
                weights.push_back(parameters_[i]);
                gradients.push_back(parameters_[i].grad());
                means.push_back(means_[i]);
                squares.push_back(squares_[i]);
                steps.push_back(steps_[i].add_(1));
            }
        }
        if (!weights.empty()) {
            constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
            at::_fused_adam_(weights, gradients, means, squares, {}, steps, options_.lr, beta1, beta2, options_.weight_decay, epsilon,
                             /*amsgrad=*/false, /*maximize=*/false);
        }
    }

  private:
    OptimizerOptions options_;
    std::vector<at::Tensor> means_, squares_, steps_;
};

/// Stochastic gradient descent: v = momentum v + g; w = w - lr v.
class Sgd : public Optimizer {
  public:
    Sgd(std::vector<at::Tensor> parameters, const OptimizerOptions& options) : Optimizer(std::move(parameters)), options_(options) {
        for (const auto& parameter : parameters_) {
            velocities_.push_back(at::zeros_like(parameter, parameter.options().requires_grad(false)));
        }
    }

    void step() override {
        const at::NoGradGuard no_grad;
        std::vector<at::Tensor> weights, gradients, velocities;
        for (size_t i = 0; i < parameters_.size(); ++i) {
            if (parameters_[i].grad().defined()) {
                weights.push_back(parameters_[i]);
                gradients.push_back(parameters_[i].grad());
                if (options_.momentum > 0) {
                    velocities.push_back(velocities_[i]);
                }
            }
        }
        if (!weights.empty()) {
            at::_fused_sgd_(weights, gradients, velocities, options_.weight_decay, options_.momentum, options_.lr, /*dampening=*/0.0,
                            /*nesterov=*/false, /*maximize=*/false, /*is_first_step=*/false);
        }
    }

  private:
    OptimizerOptions options_;
    std::vector<at::Tensor> velocities_;
};

}  // namespace

void Optimizer::zero_grad() {
    for (auto& parameter : parameters_) {
        parameter.mutable_grad().reset();
    }
}

const std::vector<std::string>& known_optimizers() {
    static const std::vector<std::string> names = {"adam", "sgd"};
    return names;
}

void require_valid(const OptimizerOptions& options) {
    const auto& known = known_optimizers();
    require(std::find(known.begin(), known.end(), options.name) != known.end(), "hfc.train: unknown optimizer '{}'{}: expected one of {}",
            options.name, did_you_mean(options.name, known), fmt::join(known, ", "));
    require(std::isfinite(options.lr) && options.lr > 0, "hfc.train: lr must be a number above 0, got {}", options.lr);
    require(options.momentum >= 0 && options.momentum < 1, "hfc.train: momentum must be in [0,1), got {}", options.momentum);
    require(options.momentum == 0 || options.name == "sgd", "hfc.train: momentum belongs to sgd, the optimizer is {}", options.name);
    require(std::isfinite(options.weight_decay) && options.weight_decay >= 0,
            "hfc.train: weight_decay must be a number of at least 0, got {}", options.weight_decay);
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters, const OptimizerOptions& options) {
    require_valid(options);
    if (options.name == "sgd") {
        return std::make_unique<Sgd>(std::move(parameters), options);
    }
    return std::make_unique<Adam>(std::move(parameters), options);
}

}  // namespace hfc::train
