// The options of optimizers: names, defaults, ranges.
#pragma once

#include <string>
#include <vector>

namespace hfc::optim {

/// The options of all optimizers, under PyTorch's names. The optimizers of tf.train in TensorFlow 1
/// are named tensorflow_adam, tensorflow_adagrad ... and have TensorFlow's defaults. settings_of()
/// lists the options of a given optimizer.
struct OptimizerOptions {
    std::string name = "adam";  ///< one of known_optimizers(), or lbfgs
    double lr = 1e-4;           ///< step size, above 0
    double momentum = 0;        ///< sgd, rmsprop: in [0,1)
    /// weight_decay * weight is added to the gradient (adamw: subtracted from the weight);
    /// non-negative.
    double weight_decay = 0;
    double dampening = 0;   ///< sgd: dampening of the momentum, in [0,1]
    bool nesterov = false;  ///< sgd: Nesterov's momentum; needs momentum > 0 and no dampening
    double beta1 = 0.9;     ///< Adam's family: decay of the mean of the gradients, in [0,1)
    double beta2 = 0.999;   ///< Adam's family: decay of the mean of their squares, in [0,1)
    double eps = 1e-8;      ///< added to the denominator, non-negative
    double alpha = 0.99;    ///< rmsprop: decay of the mean of the squares, in [0,1); asgd: power
    bool centered = false;  ///< rmsprop: divide by the variance instead of the mean square
    double rho = 0.9;       ///< adadelta: decay of the means of squares, in [0,1]
    double lr_decay = 0;    ///< adagrad: non-negative
    double initial_accumulator_value = 0;  ///< adagrad: non-negative
    bool amsgrad = false;                  ///< adam, adamw: divide by the largest mean square
    bool maximize = false;                 ///< step up the gradient
    bool decoupled_weight_decay = false;   ///< adam, nadam, radam: decay as adamw does
    double momentum_decay = 4e-3;          ///< nadam: non-negative
    double lambd = 1e-4;                   ///< asgd: decay, non-negative
    double t0 = 1e6;                       ///< asgd: the step at which averaging starts
    double eta_minus = 0.5;                ///< rprop: factor after a change of sign, in (0,1)
    double eta_plus = 1.2;                 ///< rprop: factor otherwise, above 1
    double least_step = 1e-6;              ///< rprop: bounds of the step of each weight
    double largest_step = 50;
    double max_iter = 20;             ///< lbfgs: iterations per step
    double max_eval = 0;              ///< lbfgs: evaluations per step; 0 means 5/4 max_iter
    double tolerance_grad = 1e-7;     ///< lbfgs: stops if no element of the gradient is larger
    double tolerance_change = 1e-9;   ///< lbfgs: stops if a change is smaller
    double history_size = 100;        ///< lbfgs: the number of directions to remember
    std::string line_search_fn = {};  ///< lbfgs: "" or "strong_wolfe"
};

/// The range of a numeric option.
struct SettingRange {
    double least;
    double most;
    bool above_least = false;  ///< whether the bound itself is excluded
    bool below_most = false;
    bool whole = false;

    bool contains(double value) const;
    /// "a number of at least 0", "in [0,1)".
    std::string text() const;
};

/// One option of an optimizer: its name in PyTorch and its field. Exactly one of number, flag and
/// text is set.
struct OptimizerSetting {
    const char* name;
    double OptimizerOptions::*number;
    bool OptimizerOptions::*flag;
    SettingRange range = {};
    /// The name of the pair if PyTorch combines two options, as in betas = (beta1, beta2);
    /// otherwise nullptr. The two options are adjacent in the list.
    const char* pair = nullptr;
    std::string OptimizerOptions::*text = nullptr;
};

/// The names of the optimizers that need only gradients: all except lbfgs.
const std::vector<std::string>& known_optimizers();

/// The options of an optimizer. Throws Error for an unknown name, listing the known ones.
const std::vector<OptimizerSetting>& settings_of(const std::string& name);

/// The option that schedules change in the opposite direction to the rate: Adam's beta1, or the
/// momentum; nullptr if the optimizer has neither.
double OptimizerOptions::*momentum_of(const std::string& name);

/// The names of the states that an optimizer keeps for each parameter, as in PyTorch: Adam's
/// exp_avg, exp_avg_sq ...
const std::vector<std::string>& state_names_of(const std::string& name);

/// PyTorch's defaults for an optimizer (adam: lr 1e-3; the paper's 1e-4 is the default of
/// OptimizerOptions).
OptimizerOptions default_options(const std::string& name);

/// Throws Error for an unknown optimizer, and for an option out of range, naming the optimizer and
/// the option.
void require_valid(const OptimizerOptions& options);
/// Like require_valid(), but lr may be 0, because a schedule may start or end at 0.
void require_valid_later(const OptimizerOptions& options);

}  // namespace hfc::optim
