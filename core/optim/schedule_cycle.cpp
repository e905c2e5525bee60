// Schedules that move the rate up and down and the momentum in the opposite direction.
#include "optim/schedule_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hfc::optim {
namespace {

double anneal(bool linear, double first, double last, double part) {
    return linear ? (last - first) * part + first
                  : last + (first - last) / 2 * (std::cos(std::numbers::pi * part) + 1);
}

/// Schedules that can also change the momentum.
class Cycle : public Schedule {
  public:
    Cycle(Optimizer& optimizer, bool momentum)
        : Schedule(optimizer),
          momentum_(momentum ? momentum_of(optimizer.defaults.name) : nullptr) {
        require(!momentum || momentum_ != nullptr,
                "cycle_momentum requires an optimizer with momentum or betas, but {} has neither",
                optimizer.defaults.name);
    }

  protected:
    /// Stores the bounds in the groups and starts at the highest momentum.
    void prepare_momentum(const std::vector<double>& low, const std::vector<double>& high) {
        for (size_t i = 0; momentum_ != nullptr && i < groups().size(); ++i) {
            groups()[i].options.*momentum_ = high[i];
            groups()[i].scheduled["max_momentum"] = high[i];
            groups()[i].scheduled["base_momentum"] = low[i];
        }
    }
    static void check_momentum(const char* what, const std::vector<double>& values) {
        for (const double value : values) {
            require(value >= 0 && value < 1, "{} must be in [0,1), got {}", what, value);
        }
    }

    double OptimizerOptions::*momentum_;
};

class CyclicLR : public Cycle {
  public:
    CyclicLR(Optimizer& optimizer, CyclicOptions options)
        : Cycle(optimizer, options.cycle_momentum), options_(std::move(options)) {
        const double down = options_.step_size_down.value_or(options_.step_size_up);
        require(options_.step_size_up > 0 && down > 0,
                "step_size_up and step_size_down must be above 0, got {} and {}",
                options_.step_size_up, down);
        total_size_ = options_.step_size_up + down;
        step_ratio_ = options_.step_size_up / total_size_;
        lowest_ = for_each_group("base_lr", options_.base_lr);
        highest_ = for_each_group("max_lr", options_.max_lr);
        low_momentum_ = for_each_group("base_momentum", options_.base_momentum);
        high_momentum_ = for_each_group("max_momentum", options_.max_momentum);
        require(options_.mode == "triangular" || options_.mode == "triangular2" ||
                    options_.mode == "exp_range" || options_.scale,
                "mode must be 'triangular', 'triangular2' or 'exp_range', got '{}'", options_.mode);
        if (!options_.scale) {
            options_.scale_mode = options_.mode == "exp_range" ? "iterations" : "cycle";
        }
    }
    std::string name() const override { return "CyclicLR"; }

    void start(int64_t last_epoch) override {
        Schedule::start(last_epoch);
        base_rates_ = lowest_;
    }

  protected:
    void check() const override {
        require_one_of("scale_mode", options_.scale_mode, "cycle", "iterations");
        require(total_size_ > 0 && step_ratio_ > 0 && step_ratio_ < 1,
                "total_size must be above 0 and step_ratio in (0,1), got {} and {}", total_size_,
                step_ratio_);
        check_momentum("base_momentum", low_momentum_);
        check_momentum("max_momentum", high_momentum_);
    }
    void prepare(bool resumed) override {
        if (!resumed) {
            for (size_t i = 0; i < groups().size(); ++i) {
                groups()[i].options.lr = lowest_[i];
            }
            prepare_momentum(low_momentum_, high_momentum_);
        }
    }
    std::vector<double> rates() override {
        const auto epoch = static_cast<double>(last_epoch_);
        const double cycle = std::floor(1 + epoch / total_size_);
        const double x = 1 + epoch / total_size_ - cycle;
        const double height = (x <= step_ratio_ ? x / step_ratio_ : (x - 1) / (step_ratio_ - 1));
        const double scale = scale_at(options_.scale_mode == "cycle" ? cycle : epoch);
        std::vector<double> rates;
        for (size_t i = 0; i < groups().size(); ++i) {
            rates.push_back(base_rates_[i] + (highest_[i] - base_rates_[i]) * height * scale);
            if (momentum_ != nullptr) {
                groups()[i].options.*momentum_ =
                    high_momentum_[i] - (high_momentum_[i] - low_momentum_[i]) * height * scale;
            }
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        state("max_lrs", highest_);
        state("total_size", total_size_);
        state("step_ratio", step_ratio_);
        state("mode", options_.mode);
        state("gamma", options_.gamma);
        state("scale_mode", options_.scale_mode);
        state("cycle_momentum", options_.cycle_momentum);
        if (momentum_ != nullptr) {
            state("base_momentums", low_momentum_);
            state("max_momentums", high_momentum_);
        }
        if (state.target() != nullptr) {
            (*state.target())["_scale_fn_custom"] = nullptr;
        }
        Schedule::visit(state);
    }

  private:
    double scale_at(double x) const {
        return options_.scale                   ? options_.scale(x)
               : options_.mode == "exp_range"   ? std::pow(options_.gamma, x)
               : options_.mode == "triangular2" ? 1 / std::pow(2, x - 1)
                                                : 1;
    }

    CyclicOptions options_;
    double total_size_ = 0, step_ratio_ = 0;
    std::vector<double> lowest_, highest_, low_momentum_, high_momentum_;
};

class OneCycleLR : public Cycle {
  public:
    OneCycleLR(Optimizer& optimizer, const OneCycleOptions& options)
        : Cycle(optimizer, options.cycle_momentum), options_(options) {
        require_at_least("total_steps", static_cast<double>(options_.total_steps), 1);
        require(options_.pct_start >= 0 && options_.pct_start <= 1,
                "pct_start must be in [0,1], got {}", options_.pct_start);
        require(options_.div_factor > 0, "div_factor must be above 0, got {}", options_.div_factor);
        require(options_.final_div_factor > 0, "final_div_factor must be above 0, got {}",
                options_.final_div_factor);
        options_.max_lr = for_each_group("max_lr", options_.max_lr);
        options_.base_momentum = for_each_group("base_momentum", options_.base_momentum);
        options_.max_momentum = for_each_group("max_momentum", options_.max_momentum);
        const auto steps = static_cast<double>(options_.total_steps);
        const double up = options_.pct_start * steps - 1;
        phases_ = {{up, "initial_lr", "max_lr", "max_momentum", "base_momentum"}};
        if (options_.three_phase) {
            phases_.push_back({2 * options_.pct_start * steps - 2, "max_lr", "initial_lr",
                               "base_momentum", "max_momentum"});
            phases_.push_back({steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"});
        } else {
            phases_.push_back({steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"});
        }
    }
    std::string name() const override { return "OneCycleLR"; }

  protected:
    void check() const override {
        require_one_of("anneal_strategy", options_.anneal_strategy, "cos", "linear");
        check_momentum("base_momentum", options_.base_momentum);
        check_momentum("max_momentum", options_.max_momentum);
    }
    void prepare(bool resumed) override {
        for (size_t i = 0; !resumed && i < groups().size(); ++i) {
            auto& kept = groups()[i].scheduled;
            kept["initial_lr"] = options_.max_lr[i] / options_.div_factor;
            kept["max_lr"] = options_.max_lr[i];
            kept["min_lr"] = kept["initial_lr"] / options_.final_div_factor;
        }
        if (!resumed) {
            prepare_momentum(options_.base_momentum, options_.max_momentum);
        }
    }
    std::vector<double> rates() override {
        require(last_epoch_ <= options_.total_steps, "step {} is beyond the {} steps of OneCycleLR",
                last_epoch_, options_.total_steps);
        const auto [phase, part] = position();
        const bool linear = options_.anneal_strategy == "linear";
        std::vector<double> rates;
        for (size_t i = 0; i < groups().size(); ++i) {
            rates.push_back(anneal(linear, kept(i, phase.start_lr), kept(i, phase.end_lr), part));
            if (momentum_ != nullptr) {
                groups()[i].options.*momentum_ = anneal(linear, kept(i, phase.start_momentum),
                                                        kept(i, phase.end_momentum), part);
            }
        }
        return rates;
    }
    void visit(ScheduleState& state) override {
        state("total_steps", options_.total_steps);
        visit_phases(state);
        state("_anneal_func_type", options_.anneal_strategy);
        state("cycle_momentum", options_.cycle_momentum);
        Schedule::visit(state);
    }

  private:
    struct Phase {
        double end_step;
        std::string start_lr, end_lr, start_momentum, end_momentum;
    };

    /// The phase that contains last_epoch_, and the fraction of it that is complete (1 if its
    /// length is zero).
    std::pair<const Phase&, double> position() const {
        const auto step = static_cast<double>(last_epoch_);
        double start = 0;
        size_t i = 0;
        while (step > phases_[i].end_step && i + 1 < phases_.size()) {
            start = phases_[i++].end_step;
        }
        const double length = phases_[i].end_step - start;
        return {phases_[i], length == 0 ? 1 : (step - start) / length};
    }

    double kept(size_t group, const std::string& name) const {
        const auto& kept = groups()[group].scheduled;
        const auto found = kept.find(name);
        require(found != kept.end(),
                "param_groups[{}] has no {}: OneCycleLR adds it when it is created, but the loaded "
                "optimizer state was saved before that",
                group + 1, name);
        return found->second;
    }

    void visit_phases(ScheduleState& state) {
        constexpr const char* name = "_schedule_phases";
        if (state.target() != nullptr) {
            auto& all = (*state.target())[name] = Json::array();
            for (const auto& phase : phases_) {
                all.push_back({{"end_step", phase.end_step},
                               {"start_lr", phase.start_lr},
                               {"end_lr", phase.end_lr},
                               {"start_momentum", phase.start_momentum},
                               {"end_momentum", phase.end_momentum}});
            }
        } else if (state.source()->contains(name) && !state.source()->at(name).empty()) {
            // If the strings are missing from the loaded state, the existing phases supply them.
            const Json& saved = state.source()->at(name);
            std::vector<Phase> read = phases_;
            read.resize(saved.size(), phases_.back());
            for (size_t i = 0; i < read.size(); ++i) {
                const Json& phase = saved.at(i);
                read[i] = {phase.at("end_step").get<double>(),
                           phase.value("start_lr", read[i].start_lr),
                           phase.value("end_lr", read[i].end_lr),
                           phase.value("start_momentum", read[i].start_momentum),
                           phase.value("end_momentum", read[i].end_momentum)};
            }
            phases_ = std::move(read);
        }
    }

    OneCycleOptions options_;
    std::vector<Phase> phases_;
};

}  // namespace

SchedulePtr make_cyclic_lr(Optimizer& optimizer, CyclicOptions options, int64_t last_epoch) {
    return start_schedule<CyclicLR>(last_epoch, optimizer, std::move(options));
}
SchedulePtr make_one_cycle_lr(Optimizer& optimizer, const OneCycleOptions& options,
                              int64_t last_epoch) {
    return start_schedule<OneCycleLR>(last_epoch, optimizer, options);
}

}  // namespace hfc::optim
