#include "optim/optimizer_options.h"

#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace hfc::optim {
namespace {

using Options = OptimizerOptions;

namespace range {
constexpr double unlimited = std::numeric_limits<double>::infinity();
constexpr SettingRange at_least_0 = {0, unlimited}, any = {-unlimited, unlimited},
                       fraction = {0, 1, false, true}, up_to_1 = {0, 1},
                       inside_0_1 = {0, 1, true, true}, above_1 = {1, unlimited, true},
                       count = {1, unlimited, false, false, true},
                       count_or_0 = {0, unlimited, false, false, true};
}  // namespace range

/// All options that optimizers have.
namespace setting {

using namespace range;

constexpr OptimizerSetting number(const char* name, double Options::*place, SettingRange range,
                                  const char* pair = nullptr) {
    return {name, place, nullptr, range, pair};
}
constexpr OptimizerSetting flag(const char* name, bool Options::*place) {
    return {name, nullptr, place};
}

constexpr auto lr = number("lr", &Options::lr, at_least_0);
constexpr auto momentum = number("momentum", &Options::momentum, fraction);
constexpr auto weight_decay = number("weight_decay", &Options::weight_decay, at_least_0);
constexpr auto dampening = number("dampening", &Options::dampening, up_to_1);
constexpr auto nesterov = flag("nesterov", &Options::nesterov);
constexpr auto beta1 = number("beta1", &Options::beta1, fraction, "betas");
constexpr auto beta2 = number("beta2", &Options::beta2, fraction, "betas");
constexpr auto eps = number("eps", &Options::eps, at_least_0);
constexpr auto alpha = number("alpha", &Options::alpha, fraction);
constexpr auto power = number("alpha", &Options::alpha, at_least_0);
constexpr auto centered = flag("centered", &Options::centered);
constexpr auto rho = number("rho", &Options::rho, up_to_1);
constexpr auto lr_decay = number("lr_decay", &Options::lr_decay, at_least_0);
constexpr auto initial_accumulator_value =
    number("initial_accumulator_value", &Options::initial_accumulator_value, at_least_0);
constexpr auto amsgrad = flag("amsgrad", &Options::amsgrad);
constexpr auto maximize = flag("maximize", &Options::maximize);
constexpr auto decoupled = flag("decoupled_weight_decay", &Options::decoupled_weight_decay);
constexpr auto momentum_decay = number("momentum_decay", &Options::momentum_decay, at_least_0);
constexpr auto lambd = number("lambd", &Options::lambd, at_least_0);
constexpr auto t0 = number("t0", &Options::t0, any);
constexpr auto eta_minus = number("eta_minus", &Options::eta_minus, inside_0_1, "etas");
constexpr auto eta_plus = number("eta_plus", &Options::eta_plus, above_1, "etas");
constexpr auto least_step = number("least_step", &Options::least_step, at_least_0, "step_sizes");
constexpr auto largest_step =
    number("largest_step", &Options::largest_step, at_least_0, "step_sizes");
constexpr auto max_iter = number("max_iter", &Options::max_iter, count);
constexpr auto max_eval = number("max_eval", &Options::max_eval, count_or_0);
constexpr auto tolerance_grad = number("tolerance_grad", &Options::tolerance_grad, at_least_0);
constexpr auto tolerance_change =
    number("tolerance_change", &Options::tolerance_change, at_least_0);
constexpr auto history_size = number("history_size", &Options::history_size, count);
constexpr OptimizerSetting line_search_fn = {"line_search_fn",        nullptr, nullptr, {}, nullptr,
                                             &Options::line_search_fn};

}  // namespace setting

/// The options of one optimizer, their defaults and the names of its states.
struct Kind {
    std::vector<OptimizerSetting> settings;
    Options defaults;
    std::vector<std::string> state;
};

Options with(const std::string& name, double rate, double decay = 0, double epsilon = 1e-8) {
    Options options;
    options.name = name;
    options.lr = rate;
    options.weight_decay = decay;
    options.eps = epsilon;
    options.alpha = name == "asgd" ? 0.75 : options.alpha;
    return options;
}

// The defaults of tf.train in TensorFlow 1.15. AdaGrad and RMSprop have no default rate there, so
// they use PyTorch's.
Options tensorflow_adadelta() {
    auto options = with("tensorflow_adadelta", 1e-3);
    options.rho = 0.95;
    return options;
}

Options tensorflow_adagrad() {
    auto options = with("tensorflow_adagrad", 1e-2, 0, 0);
    options.initial_accumulator_value = 0.1;
    return options;
}

Options tensorflow_rmsprop() {
    auto options = with("tensorflow_rmsprop", 1e-2, 0, 1e-10);
    options.alpha = 0.9;
    return options;
}

using Kinds = std::map<std::string, Kind>;

Kinds tensorflow_kinds() {
    using namespace setting;
    return {
        {"tensorflow_adadelta",
         {{lr, weight_decay, eps, rho},
          tensorflow_adadelta(),
          {"step", "square_avg", "acc_delta"}}},
        {"tensorflow_adagrad",
         {{lr, weight_decay, eps, initial_accumulator_value},
          tensorflow_adagrad(),
          {"step", "sum"}}},
        {"tensorflow_adam",
         {{lr, weight_decay, eps, beta1, beta2},
          with("tensorflow_adam", 1e-3),
          {"step", "exp_avg", "exp_avg_sq"}}},
        {"tensorflow_rmsprop",
         {{lr, weight_decay, eps, alpha, momentum},
          tensorflow_rmsprop(),
          {"step", "square_avg", "momentum_buffer"}}},
    };
}

Kinds pytorch_kinds() {
    using namespace setting;
    return {
        {"adadelta",
         {{lr, weight_decay, eps, rho, maximize},
          with("adadelta", 1, 0, 1e-6),
          {"step", "square_avg", "acc_delta"}}},
        {"adagrad",
         {{lr, weight_decay, eps, lr_decay, initial_accumulator_value, maximize},
          with("adagrad", 1e-2, 0, 1e-10),
          {"step", "sum"}}},
        {"adam",
         {{lr, weight_decay, eps, beta1, beta2, amsgrad, maximize, decoupled},
          with("adam", 1e-3),
          {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}}},
        {"adamax",
         {{lr, weight_decay, eps, beta1, beta2, maximize},
          with("adamax", 2e-3),
          {"step", "exp_avg", "exp_inf"}}},
        {"adamw",
         {{lr, weight_decay, eps, beta1, beta2, amsgrad, maximize},
          with("adamw", 1e-3, 1e-2),
          {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}}},
        {"asgd",
         {{lr, weight_decay, lambd, power, t0, maximize},
          with("asgd", 1e-2),
          {"step", "eta", "mu", "ax"}}},
        {"lbfgs",
         {{lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search_fn,
           maximize},
          with("lbfgs", 1),
          {"func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag",
           "prev_flat_grad", "prev_loss"}}},
        {"nadam",
         {{lr, weight_decay, eps, beta1, beta2, momentum_decay, decoupled, maximize},
          with("nadam", 2e-3),
          {"step", "mu_product", "exp_avg", "exp_avg_sq"}}},
        {"radam",
         {{lr, weight_decay, eps, beta1, beta2, decoupled, maximize},
          with("radam", 1e-3),
          {"step", "exp_avg", "exp_avg_sq"}}},
        {"rmsprop",
         {{lr, weight_decay, eps, alpha, momentum, centered, maximize},
          with("rmsprop", 1e-2),
          {"step", "square_avg", "grad_avg", "momentum_buffer"}}},
        {"rprop",
         {{lr, eta_minus, eta_plus, least_step, largest_step, maximize},
          with("rprop", 1e-2),
          {"step", "prev", "step_size"}}},
        {"sgd",
         {{lr, weight_decay, momentum, dampening, nesterov, maximize},
          with("sgd", 1e-3),
          {"momentum_buffer"}}},
    };
}

const Kinds& kinds() {
    static const Kinds all = [] {
        auto both = pytorch_kinds();
        both.merge(tensorflow_kinds());
        return both;
    }();
    return all;
}

const Kind& find(const std::string& name) {
    const auto& known = known_optimizers();
    require(kinds().contains(name), "unknown optimizer '{}'{}: expected one of {}", name,
            did_you_mean(name, known), fmt::join(known, ", "));
    return kinds().at(name);
}

bool has(const std::vector<OptimizerSetting>& settings, const OptimizerSetting& one) {
    return std::ranges::any_of(
        settings, [&](const auto& other) { return std::string(other.name) == one.name; });
}

/// Throws Error if an option that the optimizer does not have was changed from its default.
void require_known_settings(const Options& options) {
    const auto& own = find(options.name);
    for (const auto& [name, kind] : kinds()) {
        for (const auto& one : kind.settings) {
            // eps and alpha are not checked: OptimizerOptions has a single default for each, which
            // all optimizers share.
            if (one.number == &Options::eps || one.number == &Options::alpha ||
                has(own.settings, one)) {
                continue;
            }
            const bool changed =
                one.number != nullptr ? options.*one.number != own.defaults.*one.number
                : one.flag != nullptr ? options.*one.flag != own.defaults.*one.flag
                                      : options.*one.text != own.defaults.*one.text;
            require(!changed, "optimizer {} has no option '{}'", options.name, one.name);
        }
    }
}

void require_in_range(const Options& options, const OptimizerSetting& setting) {
    if (setting.number != nullptr) {
        const double value = options.*setting.number;
        require(setting.range.contains(value), "optimizer {}: {} must be {}, got {}", options.name,
                setting.name, setting.range.text(), value);
    } else if (setting.text != nullptr) {
        const auto& value = options.*setting.text;
        require(value.empty() || value == "strong_wolfe",
                "optimizer {}: {} must be 'strong_wolfe', got '{}'", options.name, setting.name,
                value);
    }
}

}  // namespace

bool SettingRange::contains(double value) const {
    return std::isfinite(value) && (above_least ? value > least : value >= least) &&
           (below_most ? value < most : value <= most) && (!whole || value == std::floor(value));
}

std::string SettingRange::text() const {
    const char* kind = whole ? "an integer" : "a number";
    if (std::isinf(least)) {
        return kind;
    }
    if (std::isinf(most)) {
        return fmt::format("{} {} {}", kind, above_least ? "above" : ">=", least);
    }
    return fmt::format("in {}{},{}{}", above_least ? '(' : '[', least, most,
                       below_most ? ')' : ']');
}

const std::vector<std::string>& known_optimizers() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const auto& [name, kind] : kinds()) {
            if (name != "lbfgs") {
                all.push_back(name);
            }
        }
        return all;
    }();
    return names;
}

const std::vector<OptimizerSetting>& settings_of(const std::string& name) {
    return find(name).settings;
}

double OptimizerOptions::*momentum_of(const std::string& name) {
    for (const auto& setting : settings_of(name)) {
        if (setting.number == &Options::beta1 || setting.number == &Options::momentum) {
            return setting.number;
        }
    }
    return nullptr;
}

const std::vector<std::string>& state_names_of(const std::string& name) {
    return find(name).state;
}

OptimizerOptions default_options(const std::string& name) {
    return find(name).defaults;
}

void require_valid(const Options& options) {
    find(options.name);
    require(std::isfinite(options.lr) && options.lr > 0,
            "optimizer {}: lr must be a number above 0, got {}", options.name, options.lr);
    require_valid_later(options);
}

void require_valid_later(const Options& options) {
    require_known_settings(options);
    for (const auto& setting : settings_of(options.name)) {
        require_in_range(options, setting);
    }
    require(!options.nesterov || (options.momentum > 0 && options.dampening == 0),
            "optimizer sgd: nesterov requires a momentum above 0 and zero dampening");
    require(options.least_step <= options.largest_step,
            "optimizer rprop: step_sizes must be in ascending order, got {} and {}",
            options.least_step, options.largest_step);
}

}  // namespace hfc::optim
