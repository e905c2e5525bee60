// The options of optimizers: names, defaults, ranges.
#pragma once

#include <string>
#include <vector>

namespace hfc::optim {

/// The options of all optimizers, under PyTorch's names. settings_of() lists the ones that a given
/// optimizer has.
struct OptimizerOptions {
    std::string name = "adam";  ///< one of known_optimizers(), or lbfgs
    double lr = 1e-4;           ///< step size, above 0
    double momentum = 0;        ///< sgd, rmsprop: in [0,1)
    double weight_decay = 0;  ///< weight_decay * weight is added to the gradient (adamw: taken off
                              ///< the weight); at least 0
    double dampening = 0;     ///< sgd: of the momentum, in [0,1]
    bool nesterov = false;    ///< sgd: Nesterov's momentum; needs momentum > 0 and no dampening
    double beta1 = 0.9;       ///< Adam's family: decay of the mean of the gradients, in [0,1)
    double beta2 = 0.999;     ///< Adam's family: decay of the mean of their squares, in [0,1)
    double eps = 1e-8;        ///< added to the denominator, at least 0
    double alpha = 0.99;      ///< rmsprop: decay of the mean of the squares, in [0,1); asgd: power
    bool centered = false;    ///< rmsprop: divide by the variance instead of the mean square
    double rho = 0.9;         ///< adadelta: decay of the means of squares, in [0,1]
    double lr_decay = 0;      ///< adagrad: at least 0
    double initial_accumulator_value = 0;  ///< adagrad: at least 0
    bool amsgrad = false;                  ///< adam, adamw: divide by the largest mean square
    bool maximize = false;                 ///< step up the gradient
    bool decoupled_weight_decay = false;   ///< adam, nadam, radam: decay as adamw does
    double momentum_decay = 4e-3;          ///< nadam: at least 0
    double lambd = 1e-4;                   ///< asgd: decay, at least 0
    double t0 = 1e6;                       ///< asgd: the step at which averaging starts
    double eta_minus = 0.5;                ///< rprop: factor after a change of sign, in (0,1)
    double eta_plus = 1.2;                 ///< rprop: factor otherwise, above 1
    double least_step = 1e-6;              ///< rprop: bounds of the step of each weight
    double largest_step = 50;
    double max_iter = 20;             ///< lbfgs: iterations a step
    double max_eval = 0;              ///< lbfgs: evaluations a step; 0 is 5/4 max_iter
    double tolerance_grad = 1e-7;     ///< lbfgs: stops at a gradient with no larger element
    double tolerance_change = 1e-9;   ///< lbfgs: stops at a smaller change
    double history_size = 100;        ///< lbfgs: directions that are remembered
    std::string line_search_fn = {};  ///< lbfgs: "" or "strong_wolfe"
};

/// The numbers that a setting may have.
struct SettingRange {
    double least;
    double most;
    bool above_least = false;  ///< the bound itself is excluded
    bool below_most = false;
    bool whole = false;

    bool contains(double value) const;
    /// "a number of at least 0", "in [0,1)".
    std::string text() const;
};

/// One setting of an optimizer: its name in PyTorch and its place. Exactly one of number, flag and
/// text is set.
struct OptimizerSetting {
    const char* name;
    double OptimizerOptions::*number;
    bool OptimizerOptions::*flag;
    SettingRange range = {};
    /// PyTorch gives two numbers in one, betas = (beta1, beta2): the name of the pair, or nullptr.
    /// The two settings follow each other.
    const char* pair = nullptr;
    std::string OptimizerOptions::*text = nullptr;
};

/// The names of the optimizers that step by the gradients alone: all but lbfgs.
const std::vector<std::string>& known_optimizers();

/// The settings an optimizer has. Throws Error for an unknown name, listing the known ones.
const std::vector<OptimizerSetting>& settings_of(const std::string& name);

/// What an optimizer remembers of a parameter, by PyTorch's names: Adam's exp_avg, exp_avg_sq ...
const std::vector<std::string>& state_names_of(const std::string& name);

/// PyTorch's defaults of an optimizer (adam: lr 1e-3; the paper's 1e-4 is the default of
/// OptimizerOptions).
OptimizerOptions default_options(const std::string& name);

/// Throws Error for an unknown optimizer and for a setting out of range, naming both.
void require_valid(const OptimizerOptions& options);
/// As require_valid(), but lr may be 0: a schedule may start or end there.
void require_valid_later(const OptimizerOptions& options);

}  // namespace hfc::optim
