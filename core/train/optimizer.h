// Optimizers: what turns gradients into new weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::train {

/// The settings of all optimizers, under PyTorch's names; which of them an optimizer has says
/// settings_of().
struct OptimizerOptions {
    std::string name = "adam";  ///< one of known_optimizers()
    double lr = 1e-4;           ///< step size, above 0
    double momentum = 0;        ///< sgd, rmsprop: in [0,1)
    double weight_decay = 0;  ///< weight_decay * weight is added to the gradient (adamw: taken off
                              ///< the weight); at least 0
    double dampening = 0;     ///< sgd: of the momentum, in [0,1]
    bool nesterov = false;    ///< sgd: Nesterov's momentum; needs momentum > 0 and no dampening
    double beta1 = 0.9;       ///< adam, adamw: decay of the mean of the gradients, in [0,1)
    double beta2 = 0.999;     ///< adam, adamw: decay of the mean of their squares, in [0,1)
    double eps = 1e-8;        ///< all but sgd: added to the denominator, at least 0
    double alpha = 0.99;      ///< rmsprop: decay of the mean of the squares, in [0,1)
    bool centered = false;    ///< rmsprop: divide by the variance instead of the mean square
    double rho = 0.9;         ///< adadelta: decay of the means of squares, in [0,1]
    double lr_decay = 0;      ///< adagrad: at least 0
    double initial_accumulator_value = 0;  ///< adagrad: at least 0
};

/// One setting of an optimizer: its name in PyTorch and where it stands (betas are two: beta1 and
/// beta2).
struct OptimizerSetting {
    const char* name;
    double OptimizerOptions::*number;  ///< or nullptr for a flag
    bool OptimizerOptions::*flag;      ///< or nullptr for a number
};

/// The names make_optimizer() knows: adadelta, adagrad, adam, adamw, rmsprop, sgd.
const std::vector<std::string>& known_optimizers();

/// The settings an optimizer has. Throws Error for an unknown name, listing the known ones.
const std::vector<OptimizerSetting>& settings_of(const std::string& name);

/// PyTorch's defaults of an optimizer (adam: lr 1e-3; the paper's 1e-4 is the default of
/// OptimizerOptions).
OptimizerOptions default_options(const std::string& name);

/// Throws Error for an unknown optimizer and for a setting out of range, naming both.
void require_valid(const OptimizerOptions& options);
/// The same between steps, where a schedule may bring lr down to 0.
void require_valid_later(OptimizerOptions options);

/// Parameters that share their settings.
struct ParameterGroup {
    std::vector<at::Tensor> parameters;
    OptimizerOptions options;
};

/// Steps a fixed list of parameters by the gradients they hold. A parameter without a gradient
/// stays as it is.
class Optimizer {
  public:
    /// What an optimizer remembers of one parameter, under PyTorch's names ("exp_avg", "step");
    /// empty before its first step.
    using State = std::map<std::string, at::Tensor>;

    explicit Optimizer(std::vector<ParameterGroup> groups);
    virtual ~Optimizer() = default;
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    void step();
    /// Drops the gradients.
    void zero_grad();

    /// Settings may be changed between steps (a schedule changes lr).
    std::vector<ParameterGroup>& groups() { return groups_; }
    /// Of all parameters, group by group.
    std::vector<State>& states() { return states_; }

  protected:
    /// Parameters with a gradient, of one dtype and device, all within one group.
    struct Batch {
        std::vector<at::Tensor> weights;
        std::vector<at::Tensor> gradients;  ///< of the weights' memory layout
        std::vector<State*> states;
    };
    virtual void update(const Batch& batch, const OptimizerOptions& options) = 0;

  private:
    std::vector<Batch> collect(const ParameterGroup& group, size_t first_state);

    std::vector<ParameterGroup> groups_;
    std::vector<State> states_;
};

/// Builds the optimizer that the groups' options name (the first group's name counts). Throws Error
/// as require_valid() does, for groups without parameters, and for a parameter that stands twice.
std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups);
std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters,
                                          const OptimizerOptions& options);

}  // namespace hfc::train
