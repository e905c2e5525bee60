// Optimizers: what turns gradients into new weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace hfc::train {

struct OptimizerOptions {
    std::string name = "adam";  ///< adam (Kingma and Ba, betas .9 .999, eps 1e-8) or sgd
    double lr = 1e-4;           ///< step size, above 0
    double momentum = 0;        ///< sgd, in [0,1)
    double weight_decay = 0;    ///< L2: weight_decay * weight is added to the gradient; at least 0
};

/// Steps a fixed list of parameters by the gradients they hold. A parameter without a gradient stays as it is.
class Optimizer {
  public:
    explicit Optimizer(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {}
    virtual ~Optimizer() = default;
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    virtual void step() = 0;
    /// Drops the gradients.
    void zero_grad();

  protected:
    std::vector<at::Tensor> parameters_;
};

/// Builds the optimizer that the options name. Throws Error for an unknown name (listing the known ones) and for a setting out of range.
std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters, const OptimizerOptions& options);

/// Throws Error as make_optimizer() does, without building anything.
void require_valid(const OptimizerOptions& options);

/// The names make_optimizer() knows.
const std::vector<std::string>& known_optimizers();

}  // namespace hfc::train
