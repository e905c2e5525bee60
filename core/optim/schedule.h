// Learning-rate schedules, computed as in PyTorch's torch.optim.lr_scheduler: each step changes the
// current rate of the group. The factors of several schedules of one optimizer are therefore
// multiplied, and a schedule continues from a rate that was set by hand.
#pragma once

#include "optim/optimizer.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hfc::optim {

/// Reads or writes the state of a schedule: named values in PyTorch's format.
class ScheduleState {
  public:
    using Json = nlohmann::ordered_json;

    explicit ScheduleState(Json& target) : target_(&target) {}
    explicit ScheduleState(const Json& source) : source_(&source) {}

    /// Writing stores the value; reading replaces it with the stored value, if there is one.
    template <typename T>
    void operator()(const char* name, T& value) {
        if (target_ != nullptr) {
            (*target_)[name] = value;
        } else if (source_->contains(name) && !source_->at(name).is_null()) {
            value = source_->at(name).template get<T>();
        }
    }
    /// The milestones of MultiStepLR: {"30": 1, "80": 2} counts how often each milestone occurs in
    /// the list.
    void counts(const char* name, std::map<int64_t, int64_t>& value);

    Json* target() { return target_; }
    const Json* source() { return source_; }

  private:
    Json* target_ = nullptr;
    const Json* source_ = nullptr;
};

class Schedule;
using SchedulePtr = std::shared_ptr<Schedule>;

/// Changes the rates of an optimizer's groups, step by step. The optimizer must live as long as the
/// schedule.
class Schedule {
  public:
    using Json = nlohmann::ordered_json;

    virtual ~Schedule() = default;
    Schedule(const Schedule&) = delete;
    Schedule& operator=(const Schedule&) = delete;

    /// PyTorch's name: "StepLR".
    virtual std::string name() const = 0;
    /// Continues by one step. Throws Error if a rate would no longer be finite.
    virtual void step();
    /// Jumps to an epoch, computing the rate in closed form if possible. Only
    /// CosineAnnealingWarmRestarts accepts fractions. Throws Error for schedules that cannot jump.
    virtual void step_to(double epoch);
    /// ReduceLROnPlateau: continues by one step, given the value of the monitored metric.
    virtual void step_by(double metric);
    virtual bool needs_metric() const { return false; }

    /// The rates that the last step set.
    const std::vector<double>& last_rates() const { return last_rates_; }
    Optimizer& optimizer() const { return optimizer_; }

    /// PyTorch's state_dict().
    Json state();
    /// Loads the values in `saved`, as PyTorch does. The rates of the groups do not change, because
    /// they are part of the optimizer's state. Throws Error for a value of the wrong type or out of
    /// range, without changing anything.
    void load(const Json& saved);

    /// Stores each group's rate as its initial_lr and takes the first step. The make_...()
    /// functions below call it. last_epoch: -1, or the last epoch of an earlier run. Throws Error
    /// for an option out of range, without changing anything.
    virtual void start(int64_t last_epoch);

  protected:
    explicit Schedule(Optimizer& optimizer) : optimizer_(optimizer) {}

    /// Makes any changes that the groups need before their rates are stored as initial_lr.
    virtual void prepare(bool /*resumed*/) {}
    /// Takes the first step again: SequentialLR does this with its first schedule.
    void initial_step();
    virtual void update(std::optional<int64_t> epoch);
    /// Undoes the first step's change to last_epoch; SequentialLR calls this for its schedules.
    virtual void undo() { --last_epoch_; }

    /// The groups' rates at last_epoch_, computed from their current rates.
    virtual std::vector<double> rates() = 0;
    /// The same, computed only from the base rates; empty if there is no closed form.
    virtual std::vector<double> closed_rates() { return {}; }
    virtual void visit(ScheduleState& state);
    /// Throws Error for an option out of range.
    virtual void check() const {}

    std::vector<ParameterGroup>& groups() const { return optimizer_.groups(); }
    std::vector<double> present() const;
    std::vector<double> present_times(double factor) const;
    std::vector<double> base_times(double factor) const;
    void set_rates(const std::vector<double>& rates);
    /// Returns one value per group, given either one value for all groups or one for each. Throws
    /// Error for any other number of values.
    std::vector<double> for_each_group(const char* what, const std::vector<double>& values) const;

    std::vector<double> base_rates_, last_rates_;
    int64_t last_epoch_ = -1;
    int64_t step_count_ = 0;
    bool initial_ = false;

  private:
    friend class SequentialLR;
    friend class ChainedScheduler;
    Optimizer& optimizer_;
};

/// The factor by which the rate is multiplied at an epoch.
using RateFactor = std::function<double(int64_t)>;

/// Each function throws Error for options out of range. last_epoch: see Schedule::start().
SchedulePtr make_lambda_lr(Optimizer& optimizer, std::vector<RateFactor> factors,
                           int64_t last_epoch = -1);
SchedulePtr make_multiplicative_lr(Optimizer& optimizer, std::vector<RateFactor> factors,
                                   int64_t last_epoch = -1);
SchedulePtr make_step_lr(Optimizer& optimizer, int64_t step_size, double gamma = 0.1,
                         int64_t last_epoch = -1);
SchedulePtr make_multi_step_lr(Optimizer& optimizer, const std::vector<int64_t>& milestones,
                               double gamma = 0.1, int64_t last_epoch = -1);
SchedulePtr make_constant_lr(Optimizer& optimizer, double factor = 1.0 / 3, int64_t total_iters = 5,
                             int64_t last_epoch = -1);
SchedulePtr make_linear_lr(Optimizer& optimizer, double start_factor = 1.0 / 3,
                           double end_factor = 1, int64_t total_iters = 5, int64_t last_epoch = -1);
SchedulePtr make_exponential_lr(Optimizer& optimizer, double gamma, int64_t last_epoch = -1);
SchedulePtr make_polynomial_lr(Optimizer& optimizer, int64_t total_iters = 5, double power = 1,
                               int64_t last_epoch = -1);
SchedulePtr make_cosine_annealing_lr(Optimizer& optimizer, double T_max, double eta_min = 0,
                                     int64_t last_epoch = -1);
SchedulePtr make_cosine_annealing_warm_restarts(Optimizer& optimizer, int64_t T_0,
                                                int64_t T_mult = 1, double eta_min = 0,
                                                int64_t last_epoch = -1);

/// Runs the schedules one after another: schedules[i + 1] starts at epoch milestones[i].
SchedulePtr make_sequential_lr(Optimizer& optimizer, std::vector<SchedulePtr> schedules,
                               std::vector<int64_t> milestones, int64_t last_epoch = -1);
/// Each step advances all schedules by one step.
SchedulePtr make_chained_scheduler(Optimizer& optimizer, std::vector<SchedulePtr> schedules);

struct PlateauOptions {
    std::string mode = "min";  ///< or "max"
    double factor = 0.1;
    int64_t patience = 10;
    double threshold = 1e-4;
    std::string threshold_mode = "rel";  ///< or "abs"
    int64_t cooldown = 0;
    std::vector<double> min_lr = {0};  ///< one, or one for each group
    double eps = 1e-8;
};
/// Lowers the rate when a metric has stopped improving.
SchedulePtr make_reduce_lr_on_plateau(Optimizer& optimizer, const PlateauOptions& options);

struct CyclicOptions {
    std::vector<double> base_lr, max_lr;  ///< one, or one for each group
    double step_size_up = 2000;
    std::optional<double> step_size_down;  ///< step_size_up
    std::string mode = "triangular";       ///< or "triangular2", "exp_range"
    double gamma = 1;
    std::function<double(double)> scale;  ///< replaces the function of the mode
    std::string scale_mode = "cycle";     ///< or "iterations": the argument of `scale`
    bool cycle_momentum = true;
    std::vector<double> base_momentum = {0.8}, max_momentum = {0.9};
};
SchedulePtr make_cyclic_lr(Optimizer& optimizer, CyclicOptions options, int64_t last_epoch = -1);

struct OneCycleOptions {
    std::vector<double> max_lr;  ///< one, or one for each group
    int64_t total_steps = 0;
    double pct_start = 0.3;
    std::string anneal_strategy = "cos";  ///< or "linear"
    bool cycle_momentum = true;
    std::vector<double> base_momentum = {0.85}, max_momentum = {0.95};
    double div_factor = 25;
    double final_div_factor = 1e4;
    bool three_phase = false;
};
/// Smith's one-cycle policy. If the warm-up ends with the first step, the rate starts at max_lr
/// (PyTorch divides by zero).
SchedulePtr make_one_cycle_lr(Optimizer& optimizer, const OneCycleOptions& options,
                              int64_t last_epoch = -1);

struct SwaOptions {
    std::vector<double> swa_lr;  ///< one, or one for each group
    int64_t anneal_epochs = 10;
    std::string anneal_strategy = "cos";  ///< or "linear"
};
/// Anneals the rate to a constant value, for stochastic weight averaging.
SchedulePtr make_swa_lr(Optimizer& optimizer, const SwaOptions& options, int64_t last_epoch = -1);

}  // namespace hfc::optim
