// Optimizers: what turns gradients into new weights.
#pragma once

#include "optim/optimizer_options.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hfc::optim {

/// Parameters that share their settings.
struct ParameterGroup {
    std::vector<at::Tensor> parameters;
    OptimizerOptions options;
    std::vector<std::string> names = {};  ///< of the parameters, or empty
    /// What schedules keep in the group, as in PyTorch: initial_lr, max_lr, min_lr, max_momentum,
    /// base_momentum, swa_lr.
    std::map<std::string, double> scheduled = {};
};

/// The names that ParameterGroup::scheduled may hold.
const std::vector<std::string>& scheduled_names();

/// Whether what an optimizer remembers under that name is one number for the whole parameter.
bool is_state_number(const std::string& name);

/// Steps a list of parameters by the gradients they hold. A parameter without a gradient stays as
/// it is.
class Optimizer {
  public:
    /// What an optimizer remembers of one parameter, under PyTorch's names ("exp_avg", "step");
    /// empty before its first step. The elements of a list have names of their own: "old_dirs.0".
    using State = std::map<std::string, at::Tensor>;
    /// Computes the gradients again and returns the loss.
    using Closure = std::function<double()>;

    explicit Optimizer(std::vector<ParameterGroup> groups);
    virtual ~Optimizer() = default;
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    /// Throws Error if needs_closure().
    void step();
    /// Calls the closure, with gradients enabled, before the step; lbfgs calls it several times.
    virtual void step_with(const Closure& closure);
    virtual bool needs_closure() const { return false; }
    /// Drops the gradients, or sets them to 0.
    void zero_grad(bool drop = true);

    /// Adds parameters. Throws Error as make_optimizer() does; nothing is changed then.
    virtual void add_group(ParameterGroup group);

    /// Settings may be changed between steps (a schedule changes lr).
    std::vector<ParameterGroup>& groups() { return groups_; }
    const std::vector<ParameterGroup>& groups() const { return groups_; }
    /// Of all parameters, group by group.
    std::vector<State>& states() { return states_; }
    /// The settings of a group that names none. The first group's until they are set.
    OptimizerOptions defaults;

    /// A copy of a saved state of parameter `position`, with the dtype, device and layout of that
    /// parameter. Throws Error for a tensor of another shape and for names that this optimizer does
    /// not keep.
    State fitted(const State& saved, size_t position) const;

  protected:
    /// Parameters with a gradient, of one dtype and device, all within one group.
    struct Batch {
        std::vector<at::Tensor> weights;
        std::vector<at::Tensor> gradients;  ///< of the weights' memory layout
        std::vector<State*> states;
    };
    virtual void update(const Batch& batch, const OptimizerOptions& options) = 0;
    /// The shape that a state's tensor must have, unless it is one number.
    virtual std::vector<int64_t> state_shape(const at::Tensor& parameter) const {
        return parameter.sizes().vec();
    }

  private:
    std::vector<Batch> collect(const ParameterGroup& group, size_t first_state);
    const at::Tensor& parameter_at(size_t position) const;

    std::vector<ParameterGroup> groups_;
    std::vector<State> states_;
};

/// Builds the optimizer that the groups' options name (the first group's name counts); lr may be 0.
/// Throws Error as require_valid_later() does, for groups without parameters, and for a parameter
/// that is listed twice.
std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups);
/// The same for one group, with an lr above 0.
std::unique_ptr<Optimizer> make_optimizer(std::vector<at::Tensor> parameters,
                                          const OptimizerOptions& options);

}  // namespace hfc::optim
