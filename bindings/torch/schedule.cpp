// torch.optim.lr_scheduler: the core's schedules.
#include "optim/schedule.h"

#include "bindings/runtime/error.h"
#include "bindings/runtime/lua_thread.h"
#include "bindings/runtime/registry.h"
#include "bindings/torch/optim.h"
#include "bindings/torch/python_arguments.h"
#include "bindings/torch/scheduler.h"
#include "bindings/torch/tensor.h"

#include <ATen/ATen.h>

namespace hfc::lua {
namespace {

/// The arguments that all constructors share: the optimizer first, last_epoch last.
class ScheduleArguments : public PythonArguments {
  public:
    ScheduleArguments(Call& call, std::vector<const char*> names)
        : PythonArguments(call, std::move(names)), call_(call) {}

    OptimizerPtr optimizer() { return value("optimizer").object<OptimizerPtr>(); }
    int64_t last_epoch() { return integer("last_epoch", -1); }

    int returns(optim::SchedulePtr schedule) {
        return call_.returns_object(Scheduler{optimizer(), std::move(schedule)});
    }

  private:
    Call& call_;
};

/// Calls a function of the script with a number.
double call_function(const Reference& function, double argument, const char* name) {
    const Turn turn(function);
    lua_State* L = turn.state();
    function.push(L);
    push(L, argument);
    protected_call(L, 1, 1);
    const at::Tensor* tensor = to_tensor(L, -1);
    const bool number = lua_type(L, -1) == LUA_TNUMBER;
    require(number || (tensor != nullptr && tensor->numel() == 1),
            "{}({}) must return a number, got {}", name, argument, describe(L, lua_gettop(L)));
    const double result = number ? lua_tonumber(L, -1) : tensor->item<double>();
    lua_pop(L, 1);
    return result;
}

Reference function_at(lua_State* L, int index, const char* name) {
    if (!lua_isfunction(L, index)) {
        Value(L, index, name).expected("a function");
    }
    lua_pushvalue(L, index);
    return Reference(L);
}

optim::RateFactor factor_at(lua_State* L, int index) {
    return [function = function_at(L, index, "lr_lambda")](int64_t epoch) {
        return call_function(function, static_cast<double>(epoch), "lr_lambda");
    };
}

/// A function, or a list of functions.
std::vector<optim::RateFactor> read_factors(lua_State* L, const Value& value) {
    if (!lua_istable(L, value.index())) {
        return {factor_at(L, value.index())};
    }
    std::vector<optim::RateFactor> factors;
    const size_t length = lua_objlen(L, value.index());
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, value.index(), static_cast<int>(i));
        factors.push_back(factor_at(L, lua_gettop(L)));
        lua_pop(L, 1);
    }
    return factors;
}

int lambda_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "lr_lambda", "last_epoch"});
    return a.returns(optim::make_lambda_lr(
        *a.optimizer(), read_factors(call.L, a.value("lr_lambda")), a.last_epoch()));
}

int multiplicative_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "lr_lambda", "last_epoch"});
    return a.returns(optim::make_multiplicative_lr(
        *a.optimizer(), read_factors(call.L, a.value("lr_lambda")), a.last_epoch()));
}

int step_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "step_size", "gamma", "last_epoch"});
    return a.returns(optim::make_step_lr(*a.optimizer(), a.integer("step_size"),
                                         a.number("gamma", 0.1), a.last_epoch()));
}

int multi_step_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "milestones", "gamma", "last_epoch"});
    return a.returns(optim::make_multi_step_lr(*a.optimizer(), a.integers("milestones"),
                                               a.number("gamma", 0.1), a.last_epoch()));
}

int constant_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "factor", "total_iters", "last_epoch"});
    return a.returns(optim::make_constant_lr(*a.optimizer(), a.number("factor", 1.0 / 3),
                                             a.integer("total_iters", 5), a.last_epoch()));
}

int linear_lr(Call& call) {
    ScheduleArguments a(call,
                        {"optimizer", "start_factor", "end_factor", "total_iters", "last_epoch"});
    return a.returns(optim::make_linear_lr(*a.optimizer(), a.number("start_factor", 1.0 / 3),
                                           a.number("end_factor", 1), a.integer("total_iters", 5),
                                           a.last_epoch()));
}

int exponential_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "gamma", "last_epoch"});
    return a.returns(optim::make_exponential_lr(*a.optimizer(), a.number("gamma"), a.last_epoch()));
}

int polynomial_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "total_iters", "power", "last_epoch"});
    return a.returns(optim::make_polynomial_lr(*a.optimizer(), a.integer("total_iters", 5),
                                               a.number("power", 1), a.last_epoch()));
}

int cosine_annealing_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "T_max", "eta_min", "last_epoch"});
    return a.returns(optim::make_cosine_annealing_lr(*a.optimizer(), a.number("T_max"),
                                                     a.number("eta_min", 0), a.last_epoch()));
}

int warm_restarts(Call& call) {
    ScheduleArguments a(call, {"optimizer", "T_0", "T_mult", "eta_min", "last_epoch"});
    return a.returns(optim::make_cosine_annealing_warm_restarts(
        *a.optimizer(), a.integer("T_0"), a.integer("T_mult", 1), a.number("eta_min", 0),
        a.last_epoch()));
}

int cyclic_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "base_lr", "max_lr", "step_size_up", "step_size_down",
                               "mode", "gamma", "scale_fn", "scale_mode", "cycle_momentum",
                               "base_momentum", "max_momentum", "last_epoch"});
    optim::CyclicOptions options;
    options.base_lr = a.numbers("base_lr");
    options.max_lr = a.numbers("max_lr");
    options.step_size_up = a.number("step_size_up", options.step_size_up);
    if (a.given("step_size_down")) {
        options.step_size_down = a.number("step_size_down");
    }
    options.mode = a.text("mode", options.mode);
    options.gamma = a.number("gamma", options.gamma);
    if (a.given("scale_fn")) {
        options.scale = [function = function_at(call.L, a.value("scale_fn").index(), "scale_fn")](
                            double x) { return call_function(function, x, "scale_fn"); };
    }
    options.scale_mode = a.text("scale_mode", options.scale_mode);
    options.cycle_momentum = a.boolean("cycle_momentum", true);
    options.base_momentum = a.numbers("base_momentum", options.base_momentum);
    options.max_momentum = a.numbers("max_momentum", options.max_momentum);
    return a.returns(optim::make_cyclic_lr(*a.optimizer(), std::move(options), a.last_epoch()));
}

int64_t read_total_steps(ScheduleArguments& a) {
    if (a.given("total_steps")) {
        return a.integer("total_steps");
    }
    require(
        a.given("epochs") && a.given("steps_per_epoch"),
        "argument 'total_steps' is missing: expected total_steps, or epochs and steps_per_epoch");
    const int64_t epochs = a.integer("epochs"), steps = a.integer("steps_per_epoch");
    require(epochs >= 1 && steps >= 1,
            "epochs and steps_per_epoch must be at least 1, got {} and {}", epochs, steps);
    return epochs * steps;
}

int one_cycle_lr(Call& call) {
    ScheduleArguments a(
        call, {"optimizer", "max_lr", "total_steps", "epochs", "steps_per_epoch", "pct_start",
               "anneal_strategy", "cycle_momentum", "base_momentum", "max_momentum", "div_factor",
               "final_div_factor", "three_phase", "last_epoch"});
    optim::OneCycleOptions options;
    options.max_lr = a.numbers("max_lr");
    options.total_steps = read_total_steps(a);
    options.pct_start = a.number("pct_start", options.pct_start);
    options.anneal_strategy = a.text("anneal_strategy", options.anneal_strategy);
    options.cycle_momentum = a.boolean("cycle_momentum", true);
    options.base_momentum = a.numbers("base_momentum", options.base_momentum);
    options.max_momentum = a.numbers("max_momentum", options.max_momentum);
    options.div_factor = a.number("div_factor", options.div_factor);
    options.final_div_factor = a.number("final_div_factor", options.final_div_factor);
    options.three_phase = a.boolean("three_phase", false);
    return a.returns(optim::make_one_cycle_lr(*a.optimizer(), options, a.last_epoch()));
}

int swa_lr(Call& call) {
    ScheduleArguments a(call,
                        {"optimizer", "swa_lr", "anneal_epochs", "anneal_strategy", "last_epoch"});
    optim::SwaOptions options;
    options.swa_lr = a.numbers("swa_lr");
    options.anneal_epochs = a.integer("anneal_epochs", options.anneal_epochs);
    options.anneal_strategy = a.text("anneal_strategy", options.anneal_strategy);
    return a.returns(optim::make_swa_lr(*a.optimizer(), options, a.last_epoch()));
}

int reduce_lr_on_plateau(Call& call) {
    ScheduleArguments a(call, {"optimizer", "mode", "factor", "patience", "threshold",
                               "threshold_mode", "cooldown", "min_lr", "eps"});
    optim::PlateauOptions options;
    options.mode = a.text("mode", options.mode);
    options.factor = a.number("factor", options.factor);
    options.patience = a.integer("patience", options.patience);
    options.threshold = a.number("threshold", options.threshold);
    options.threshold_mode = a.text("threshold_mode", options.threshold_mode);
    options.cooldown = a.integer("cooldown", options.cooldown);
    options.min_lr = a.numbers("min_lr", options.min_lr);
    options.eps = a.number("eps", options.eps);
    return a.returns(optim::make_reduce_lr_on_plateau(*a.optimizer(), options));
}

std::vector<Scheduler> read_schedulers(lua_State* L, const Value& value) {
    if (!lua_istable(L, value.index())) {
        value.expected("a list of schedulers");
    }
    std::vector<Scheduler> schedulers;
    const size_t length = lua_objlen(L, value.index());
    for (size_t i = 1; i <= length; ++i) {
        lua_rawgeti(L, value.index(), static_cast<int>(i));
        schedulers.push_back(
            Value(L, lua_gettop(L), fmt::format("scheduler {}", i)).object<Scheduler>());
        lua_pop(L, 1);
    }
    require(!schedulers.empty(), "expected at least one scheduler, got none");
    return schedulers;
}

std::vector<optim::SchedulePtr> schedules_of(const std::vector<Scheduler>& schedulers) {
    std::vector<optim::SchedulePtr> schedules;
    for (const auto& scheduler : schedulers) {
        schedules.push_back(scheduler.schedule);
    }
    return schedules;
}

int sequential_lr(Call& call) {
    ScheduleArguments a(call, {"optimizer", "schedulers", "milestones", "last_epoch"});
    const auto schedulers = read_schedulers(call.L, a.value("schedulers"));
    // With a single scheduler, milestones may be left out: {} would be read as a table of named
    // arguments.
    const bool none = schedulers.size() == 1 && !a.given("milestones");
    return a.returns(optim::make_sequential_lr(
        *a.optimizer(), schedules_of(schedulers),
        none ? std::vector<int64_t>() : a.integers("milestones"), a.last_epoch()));
}

int chained_scheduler(Call& call) {
    ScheduleArguments a(call, {"schedulers", "optimizer"});
    const auto schedulers = read_schedulers(call.L, a.value("schedulers"));
    const auto optimizer = a.given("optimizer") ? a.optimizer() : schedulers[0].optimizer;
    return call.returns_object(
        Scheduler{optimizer, optim::make_chained_scheduler(*optimizer, schedules_of(schedulers))});
}

const std::vector<Declaration> schedule_declarations = {
    {"torch.optim.lr_scheduler.StepLR", step_lr,
     "torch.optim.lr_scheduler.StepLR(optimizer, step_size, {gamma = 0.1, last_epoch = -1}) -> "
     "LRScheduler\n\n"
     "Multiplies the rate by gamma every step_size steps. Like all schedulers, it changes the "
     "current rate of the group. If several schedulers act on the same optimizer, their factors "
     "are therefore multiplied, and a rate set by hand becomes the new starting point. last_epoch: "
     "the last epoch of an earlier run; load the optimizer state of that run first."},
    {"torch.optim.lr_scheduler.MultiStepLR", multi_step_lr,
     "torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, {gamma = 0.1, last_epoch = -1}) "
     "-> LRScheduler\n\nMultiplies the rate by gamma at each milestone. milestones: a list of "
     "steps."},
    {"torch.optim.lr_scheduler.ConstantLR", constant_lr,
     "torch.optim.lr_scheduler.ConstantLR(optimizer, {factor = 1/3, total_iters = 5, last_epoch = "
     "-1}) -> LRScheduler\n\nScales the rate by `factor` during the first total_iters steps."},
    {"torch.optim.lr_scheduler.LinearLR", linear_lr,
     "torch.optim.lr_scheduler.LinearLR(optimizer, {start_factor = 1/3, end_factor = 1, "
     "total_iters = 5, last_epoch = -1}) -> LRScheduler\n\n"
     "Multiplies the rate by a factor that changes linearly from start_factor to end_factor in "
     "total_iters steps, for example for a warm-up."},
    {"torch.optim.lr_scheduler.ExponentialLR", exponential_lr,
     "torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma, {last_epoch = -1}) -> "
     "LRScheduler\n\nMultiplies the rate by gamma at each step."},
    {"torch.optim.lr_scheduler.PolynomialLR", polynomial_lr,
     "torch.optim.lr_scheduler.PolynomialLR(optimizer, {total_iters = 5, power = 1, last_epoch = "
     "-1}) -> LRScheduler\n\nMultiplies the rate by (1 - step / total_iters) ^ power, down to 0."},
    {"torch.optim.lr_scheduler.CosineAnnealingLR", cosine_annealing_lr,
     "torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max, {eta_min = 0, last_epoch = -1}) "
     "-> LRScheduler\n\n"
     "Reduces the rate to eta_min in T_max steps, along half a cosine wave."},
    {"torch.optim.lr_scheduler.CosineAnnealingWarmRestarts", warm_restarts,
     "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0, {T_mult = 1, eta_min = "
     "0, last_epoch = -1}) -> LRScheduler\n\n"
     "Reduces the rate to eta_min in T_0 steps, along half a cosine wave, then restarts. Each "
     "period is T_mult times as long as the one before. scheduler:step(epoch) also accepts "
     "fractions of an epoch. Source: Loshchilov, Hutter, \"SGDR\", 2017."},
    {"torch.optim.lr_scheduler.LambdaLR", lambda_lr,
     "torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda, {last_epoch = -1}) -> "
     "LRScheduler\n\nSets the rate to the initial rate times lr_lambda(step). lr_lambda: a "
     "function, or a list with one function for each group."},
    {"torch.optim.lr_scheduler.MultiplicativeLR", multiplicative_lr,
     "torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lr_lambda, {last_epoch = -1}) -> "
     "LRScheduler\n\nMultiplies the rate by lr_lambda(step) at each step. lr_lambda: as for "
     "LambdaLR."},
    {"torch.optim.lr_scheduler.CyclicLR", cyclic_lr,
     "torch.optim.lr_scheduler.CyclicLR(optimizer, base_lr, max_lr, {step_size_up = 2000, "
     "step_size_down = nil, mode = \"triangular\", gamma = 1, scale_fn = nil, scale_mode = "
     "\"cycle\", cycle_momentum = true, base_momentum = 0.8, max_momentum = 0.9, last_epoch = -1}) "
     "-> LRScheduler\n\n"
     "Moves the rate from base_lr to max_lr and back repeatedly; the momentum (Adam's first beta) "
     "moves in the opposite direction. mode: \"triangular\", \"triangular2\" (half as high in each "
     "new cycle) or \"exp_range\" (scaled by gamma ^ step). scale_fn: a function of the "
     "cycle number, or of the step if scale_mode = \"iterations\", that replaces the mode. Source: "
     "Smith, \"Cyclical learning rates\", 2017."},
    {"torch.optim.lr_scheduler.OneCycleLR", one_cycle_lr,
     "torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr, total_steps, {epochs = nil, "
     "steps_per_epoch = nil, pct_start = 0.3, anneal_strategy = \"cos\", cycle_momentum = true, "
     "base_momentum = 0.85, max_momentum = 0.95, div_factor = 25, final_div_factor = 1e4, "
     "three_phase = false, last_epoch = -1}) -> LRScheduler\n\n"
     "Follows Smith's one-cycle policy. During the first part of the steps (the fraction "
     "pct_start), the rate rises from max_lr / div_factor to max_lr; then it falls to max_lr / "
     "div_factor / final_div_factor. The momentum (Adam's first beta) moves in the opposite "
     "direction. A warm-up of a single step starts at max_lr. three_phase: if true, the rate falls "
     "to max_lr / div_factor in as many steps as the rise took, then to the final value in the "
     "remaining steps."},
    {"torch.optim.lr_scheduler.ReduceLROnPlateau", reduce_lr_on_plateau,
     "torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, {mode = \"min\", factor = 0.1, "
     "patience = 10, threshold = 1e-4, threshold_mode = \"rel\", cooldown = 0, min_lr = 0, eps = "
     "1e-8}) -> LRScheduler\n\nMultiplies the rate by `factor` when the metric passed to "
     "scheduler:step(metric) has not improved for more than `patience` steps."},
    {"torch.optim.lr_scheduler.SequentialLR", sequential_lr,
     "torch.optim.lr_scheduler.SequentialLR(optimizer, schedulers, milestones, {last_epoch = -1}) "
     "-> LRScheduler\n\nRuns the schedulers one after the other: scheduler i + 1 runs from step "
     "milestones[i] on. Call step on the SequentialLR, not on the schedulers in its list."},
    {"torch.optim.lr_scheduler.ChainedScheduler", chained_scheduler,
     "torch.optim.lr_scheduler.ChainedScheduler(schedulers, {optimizer = nil}) -> "
     "LRScheduler\n\n"
     "Steps all schedulers in the list at each step."},
    {"torch.optim.swa_utils.SWALR", swa_lr,
     "torch.optim.swa_utils.SWALR(optimizer, swa_lr, {anneal_epochs = 10, anneal_strategy = "
     "\"cos\", last_epoch = -1}) -> LRScheduler\n\n"
     "Moves the rate to swa_lr in anneal_epochs steps, then keeps it constant. Use it to average "
     "weights with torch.optim.swa_utils.AveragedModel. anneal_strategy: \"cos\" or \"linear\"."},
};

}  // namespace

namespace detail {

void register_schedules(lua_State* L) {
    register_scheduler_type(L);
    declare(L, schedule_declarations);
}

}  // namespace detail
}  // namespace hfc::lua
