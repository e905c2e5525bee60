// Optimizers, which turn gradients into new weights.
#pragma once

#include "optim/optimizer_options.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::optim {

/// Parameters that share options.
struct ParameterGroup {
    std::vector<at::Tensor> parameters;
    OptimizerOptions options;
    std::vector<std::string> names = {};  ///< the names of the parameters, or empty
    /// Values that schedules store in the group, as in PyTorch: initial_lr, max_lr, min_lr,
    /// max_momentum, base_momentum, swa_lr.
    std::map<std::string, double> scheduled = {};
};

/// The names that ParameterGroup::scheduled may contain.
const std::vector<std::string>& scheduled_names();

/// Whether an optimizer's state with this name is a single number for the whole parameter.
bool is_state_number(const std::string& name);

/// Updates a list of parameters with their gradients. A parameter without a gradient does not
/// change.
class Optimizer {
  public:
    /// An optimizer's state for one parameter, with PyTorch's names ("exp_avg", "step"); empty
    /// before the first step. The elements of a list have their own names: "old_dirs.0".
    using State = std::map<std::string, at::Tensor>;
    /// Recomputes the gradients and returns the loss.
    using Closure = std::function<double()>;

    explicit Optimizer(std::vector<ParameterGroup> groups);
    virtual ~Optimizer() = default;
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    /// Throws Error if needs_closure().
    void step();
    /// Calls the closure before the step, with gradients enabled; lbfgs calls it several times.
    virtual void step_with(const Closure& closure);
    virtual bool needs_closure() const { return false; }
    /// Removes the gradients, or sets them to 0.
    void zero_grad(bool drop = true);

    /// Adds parameters. Throws Error in the same cases as make_optimizer(), without changing
    /// anything.
    virtual void add_group(ParameterGroup group);

    /// Options may be changed between steps (a schedule changes lr).
    std::vector<ParameterGroup>& groups() { return groups_; }
    const std::vector<ParameterGroup>& groups() const { return groups_; }
    /// The states of all parameters, group by group.
    std::vector<State>& states() { return states_; }
    /// The options of groups that do not set their own; initially a copy of the first group's
    /// options.
    OptimizerOptions defaults;

    /// Returns a copy of a saved state for parameter `position`, with the dtype, device and layout
    /// of that parameter. Throws Error for a tensor with a different shape and for names that this
    /// optimizer does not use.
    State fitted(const State& saved, size_t position) const;

  protected:
    /// Parameters with gradients, all with the same dtype, device and group.
    struct Batch {
        std::vector<at::Tensor> weights;
        std::vector<at::Tensor> gradients;  ///< with the weights' memory layout
        std::vector<State*> states;
    };
    virtual void update(const Batch& batch, const OptimizerOptions& options) = 0;
    /// The shape that a state's tensor must have unless it is a single number.
    virtual std::vector<int64_t> state_shape(const at::Tensor& parameter) const {
        return parameter.sizes().vec();
    }

  private:
    std::vector<Batch> collect(const ParameterGroup& group, size_t first_state);
    const at::Tensor& parameter_at(size_t position) const;

    std::vector<ParameterGroup> groups_;
    std::vector<State> states_;
};

/// Builds the optimizer named in the options of the first group; lr may be 0. Throws Error for
/// options that require_valid_later() rejects, for groups without parameters, and for a parameter
/// that occurs twice.
std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups);
/// The same for one group, with an lr above 0.
std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters,
                                          const OptimizerOptions& options);

}  // namespace hfc::optim
